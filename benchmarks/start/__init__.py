"""What a start costs: of a verb's help, and of each process until it is ready."""
