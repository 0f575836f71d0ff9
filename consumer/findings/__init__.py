"""What is wrong with a texture, told from its pixels, its file and its name: one check for each finding.

May import imaging; pure, knows nothing of tags, files on disk and Kafka.
"""
