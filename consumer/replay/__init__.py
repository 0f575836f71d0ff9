"""Once more: `aegis replay` (from the images), `aegis retag` (from stored embeddings), `aegis rebuild` (the tables).

May import every other room of consumer except gateway and processes, and schemas.
"""
