"""What the sink does with a record: reads it as a row, and stores it.

May import what services may.
"""
