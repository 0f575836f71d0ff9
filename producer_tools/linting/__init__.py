"""`aegis lint`: textures of folders and archives looked over, and what was found reported.

May import extraction, whose child process parses the files.
"""
