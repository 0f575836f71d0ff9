"""What a process tells its operators: metrics, logs, probes.

Imports nothing of the project.
"""
