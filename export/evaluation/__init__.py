"""Measuring and calibrating a bundle on labelled images, through the code that serves.

May import export.bundles and consumer.tagging; no torch.
"""
