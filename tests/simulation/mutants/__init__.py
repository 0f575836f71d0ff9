"""Small wrongs in the product that the simulation must notice: each is one change of its source's text."""

from __future__ import annotations

from tests.simulation.mutants.mutant import Mutant
from tests.simulation.mutants.of_engine import ENGINE
from tests.simulation.mutants.of_kafka import KAFKA
from tests.simulation.mutants.of_records import RECORDS
from tests.simulation.mutants.of_sink import SINK

__all__ = ["ALL", "Mutant"]

ALL = (*ENGINE, *RECORDS, *KAFKA, *SINK)
