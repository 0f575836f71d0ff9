"""Fitted numbers that turn similarities into probabilities, as stored in `calibration.json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SharedScale(_Strict):
    """An exclusive category: softmax((scale * similarity) / temperature + bias), background included."""

    temperature: float = Field(gt=0)
    bias: dict[str, float]
    background_bias: float


class Platt(_Strict):
    """One tag of another category: sigmoid(slope * margin + bias)."""

    slope: float = Field(ge=0)
    bias: float


class CategoryCalibration(_Strict):
    """One of the two, as the category is exclusive or not."""

    shared: SharedScale | None = None
    tags: dict[str, Platt] = {}


class Calibration(_Strict):
    """`calibration.json`: which labels it was fitted on, and the numbers of each category."""

    labels_sha256: str
    images: int
    categories: dict[str, CategoryCalibration]
    metrics: dict[str, float] = {}
