"""Unity's files, read by UnityPy within a fence: textures and sprites, and all that they point at in one build.

May import the rest of extraction but its readers; runs in the child process alone.
"""
