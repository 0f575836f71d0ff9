"""Dead letters, for an operator: reading them, putting them back, closing them.

May import consumer.kafka and schemas; nothing else of producer_tools.
"""
