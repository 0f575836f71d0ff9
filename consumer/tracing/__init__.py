"""One trace of a texture, from its extraction to its rows: spans, and the trace context in Kafka's headers."""
