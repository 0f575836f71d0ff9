"""Pixels against those of other readers, on files that are too large or not free enough to lie here."""
