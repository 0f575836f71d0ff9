"""How PostgreSQL is addressed: the words of libpq, read once for every driver.

May use nothing of ours but schemas.
"""
