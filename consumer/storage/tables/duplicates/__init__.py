"""Which contents a library has, and what was kept of them to compare them with others."""
