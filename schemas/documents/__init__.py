"""The generated documents: JSON Schemas, AsyncAPI, OpenAPI, and the examples in them.

May import the models of schemas; only `aegis docs`, the gateway and the tests import it.
"""
