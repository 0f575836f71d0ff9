"""The forms in which tags are handed on to other programs: one writer for each."""
