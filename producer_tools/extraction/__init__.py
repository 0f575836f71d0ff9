"""Untrusted archives to PNG files; parsing runs in a child process under limits.

May import producer_tools.errors and producer_tools.settings alone.
"""
