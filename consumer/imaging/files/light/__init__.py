"""Files that hold light, linear and without an upper end, and how it becomes levels of 8 bits."""
