"""The lake as Apache Spark reads it."""
