"""Evidence to tags with confidences; pure numpy.

May import tagging.bundle and schemas.
"""
