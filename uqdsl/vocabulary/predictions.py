"""What may be asked of a prediction: the options of `predict`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from uqdsl.vocabulary.methods import Options

type Probability = Annotated[float, Field(gt=0, lt=1)]


class PredictOptions(Options):
    """How a prediction is made, and what is told of it."""

    draws: int = Field(default=1000, ge=10, le=10**7, description="draws of each prediction")
    intervals: tuple[Probability, ...] = Field(
        default=(0.5, 0.9), description="probabilities of intervals with equal tails"
    )
    hdi: bool = Field(default=False, description="whether intervals are those of highest density instead")
    quantiles: tuple[Probability, ...] = Field(default=(), description="quantiles, by their probabilities")
    exceed: tuple[float, ...] = Field(default=(), description="values; how probable it is to lie above each")
    budget: Literal["none", "first_order", "total", "shapley", "information"] = Field(
        default="none",
        description="how the variance is shared among the five sources; `information`: the entropy of a class",
    )
    observation: bool = Field(default=False, description="what would be recorded, with its error, and not the truth")
    recalibrated: bool = Field(default=False, description="whether quantiles are mended by the testing rows")
    ahead: int | None = Field(
        default=None, ge=1, le=10**6, description="steps beyond the end of the time axis, and these alone are told"
    )
