"""What only a checkout of the project has, and an installed wheel has not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples"
