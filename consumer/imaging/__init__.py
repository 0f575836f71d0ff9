"""The bytes of an image file to pixels, under limits: one decoder for extraction and for tagging.

Pure: knows nothing of Kafka, S3, SQL, models or archives.
"""
