"""The stream engine: at-least-once processing of a topic with bounded memory; it knows no images, S3 or SQL.

May import kafka, concurrency and schemas.
"""
