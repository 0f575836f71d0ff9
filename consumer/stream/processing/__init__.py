"""One record from intake to its durable outcome: budgets, attempts, publishing, dead letters.

May import the rest of stream except engine and session, and kafka, concurrency and schemas.
"""
