"""The parts of data: rows to learn from, rows to test on, and new rows to predict for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

TRAINING, TESTING, NEW = "training", "testing", "new"
PARTS = (TRAINING, TESTING, NEW)
"""In the order in which they are used."""

GIVEN = "given"
"""Written in the place of a file for rows that come from Python."""


class SplitOptions(BaseModel):
    """How the rows of one table are divided: by what a column says, or at random, by a share or one fold of several."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    column: str | None = Field(default=None, description="column that says of each row for what it is")
    testing: float | None = Field(default=None, gt=0, lt=1, description="share of the rows that are for testing")
    fold: int | None = Field(default=None, ge=1, description="which fold is for testing, from 1")
    folds: int | None = Field(default=None, ge=2, description="into how many folds the rows are divided")
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the order in which the rows are drawn")
