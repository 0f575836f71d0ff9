"""What each command line of the documents does, looked at: one module for each document."""
