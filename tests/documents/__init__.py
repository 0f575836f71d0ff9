"""What the documents say, read by programs: links, names and command lines. Pure functions of a text."""
