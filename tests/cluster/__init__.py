"""Three brokers and two databases under load, some of them killed: what clusters promise, with nobody's hand."""
