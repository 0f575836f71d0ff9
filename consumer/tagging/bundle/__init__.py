"""The model bundle on disk: manifest, taxonomy, calibration, archives.

May import schemas; nothing else of tagging.
"""
