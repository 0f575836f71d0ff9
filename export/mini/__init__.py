"""Training of aegis-mini, from a manifest of Debian packages to the bundle that ships.

May import the rest of export and consumer.tagging; torch is needed.
"""
