"""The work of the services: the tagger's and the sink's handlers, their fault rows, the choice of the model.

May import settings, stream, tagging, storage, telemetry, kafka, concurrency and schemas.
"""
