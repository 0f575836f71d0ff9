"""Image files to pixels: checks, decoding, preprocessing.

Imports nothing of the project.
"""
