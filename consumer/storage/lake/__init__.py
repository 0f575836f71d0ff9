"""Tables of Apache Iceberg on the object store: what they hold, how they are written, and how they are kept small."""

from __future__ import annotations
