"""The files that settings name: secrets, certificates and keys."""
