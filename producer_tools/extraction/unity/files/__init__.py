"""The files of a build, opened without being read whole, and found by the names that lead to them."""
