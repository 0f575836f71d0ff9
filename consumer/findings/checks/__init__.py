"""The checks, a module for each family of findings.

May import the view of the texture beside this folder.
"""
