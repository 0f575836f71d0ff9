"""The page: a gallery of the library, a page for each texture, and what a browser needs for them.

May import gateway, searching, imaging, storage, tagging and schemas.
"""
