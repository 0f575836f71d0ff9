"""Fitted numbers that turn evidence into probabilities, as stored in `calibration.json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.bundle.taught import Taught


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SharedScale(_Strict):
    """An exclusive category: first the tags that only tests know against the rest, then softmax over the rest.

    Tests: gate * log-odds + bias. Rest, background included: clip * margin + pixels * log-share + bias.
    """

    temperature: float = Field(gt=0, description="Divides the scaled similarities before margins are taken")
    clip: float = Field(default=1.0, ge=0, description="0: the category is better without the picture's embedding")
    pixels: float = Field(default=1.0, ge=0, description="Weight of the pixel tests among the rest")
    gate: float = Field(default=1.0, ge=0, description="Weight of the log-odds of tags that only tests know")
    bias: dict[str, float]
    background_bias: float


class Platt(_Strict):
    """One tag of another category: sigmoid(slope * margin + pixels * log-odds + bias)."""

    slope: float = Field(ge=0)
    pixels: float = Field(default=1.0, ge=0)
    bias: float


class PromisedSet(_Strict):
    """What makes the set of an exclusive category's tags that holds the right one in `coverage` of all cases.

    Every tag of at least this confidence is in it, and the surest in any case.
    """

    coverage: float = Field(gt=0, lt=1)
    least_confidence: float = Field(ge=0, le=1)


class CategoryCalibration(_Strict):
    """`shared` or `tags`, as the category is exclusive or not; evidence and biases were chosen by measurement.

    `loss_by_game` is the mean log loss on games left out, `base_rate_loss_by_game` that of saying base rates there.
    """

    evidence: str = "clip+pixels"
    own_biases: bool = Field(default=True, description="False: tags have no bias of their own, games left out say so")
    off: bool = Field(default=False, description="The embedding tells less than base rates, and is not heard")
    images: int = 0
    loss_by_game: float | None = None
    base_rate_loss_by_game: float | None = None
    shared: SharedScale | None = None
    tags: dict[str, Platt] = {}
    default: Platt | None = Field(default=None, description="For tags that had no label")
    base_rates: dict[str, float] = Field(default={}, description="Mean confidence of each tag, each game alike")
    promised: PromisedSet | None = None


class NameWeights(_Strict):
    """Log-likelihood ratios of name patterns: by category, tag and pattern key; and what an unfitted one is worth."""

    labels_sha256: str
    images: int
    weights: dict[str, dict[str, dict[str, float]]]
    stem: float = 1.0
    folder: float = 0.5


class Calibration(_Strict):
    """`calibration.json`: which labels it was fitted on, and the numbers of each category."""

    labels_sha256: str
    images: int
    precision: Precision | None = Field(default=None, description="Of the graph that it was fitted on")
    categories: dict[str, CategoryCalibration]
    names: NameWeights | None = None
    taught: Taught | None = Field(default=None, description="What people's verdicts taught since")
    metrics: dict[str, float] = {}
