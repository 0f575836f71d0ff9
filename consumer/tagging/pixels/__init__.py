"""Tags decided by the pixels themselves: palettes, surfaces, statistics.

May import tagging.images.
"""
