"""What was found, as documents that other programs read: one module for each format.

May import the report beside this folder.
"""
