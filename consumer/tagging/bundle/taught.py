"""What people's verdicts taught: log-odds that tags gain or lose by the embedding, as stored in `calibration.json`."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
from numpy.typing import NDArray
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

_NUMBER = np.dtype("<f4")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Correction(_Strict):
    """One tag: it gains bias + weights · embedding in log-odds, over all other evidence."""

    bias: float
    weights: Base64Bytes = Field(description="Little-endian float32, one for each number of the embedding")

    @classmethod
    def of(cls, bias: float, weights: NDArray[np.floating]) -> Correction:
        return cls(bias=round(float(bias), 5), weights=b64encode(weights.astype(_NUMBER).tobytes()))

    @property
    def dim(self) -> float:
        """The numbers of the embeddings that it corrects by."""
        return len(self.weights) / _NUMBER.itemsize

    @property
    def vector(self) -> NDArray[np.float64]:
        return np.frombuffer(self.weights, _NUMBER).astype(np.float64)


class Gain(_Strict):
    """Precision of confidences of 0.7 and more on reviewed assets, each judged by what the others taught.

    None where no judged tag was so sure. `error` is half of the 95 % interval of `after`.
    """

    before: float | None
    after: float | None
    error: float | None


class Taught(_Strict):
    """What was learned, of how many verdicts on how many assets; by category and tag."""

    verdicts: int
    assets: int
    gain: Gain
    categories: dict[str, dict[str, Correction]]

    @property
    def sentence(self) -> str:
        """Return what it brought, e.g. `60 verdicts: precision at 0.7 from 0.74 to 0.81 ± 0.03`."""
        gain = self.gain
        if gain.after is None or gain.error is None:
            return f"{self.verdicts} verdicts: none of the judged tags reaches 0.7"
        before = "unknown (no judged tag was so sure)" if gain.before is None else f"{gain.before:.2f}"
        return f"{self.verdicts} verdicts: precision at 0.7 from {before} to {gain.after:.2f} ± {gain.error:.2f}"
