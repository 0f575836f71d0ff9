"""What surrounds the engine in a simulation: clock, brokers, group, consumers, producers, database, processes."""
