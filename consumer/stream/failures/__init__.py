"""What happens to a record that fails: the fault table, the circuit breaker, dead-letter records.

May import kafka, concurrency and schemas; nothing else of stream.
"""
