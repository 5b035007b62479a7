"""UQ9xx: what the language has and this version cannot yet run. A spec that uses it is refused, never run in part."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class StatementNotBuilt(Problem):
    code = "UQ901"
    headline = "this version cannot run `{statement}` statements yet"
    label = "read and formatted, but not run"
    statement: str


class FeatureNotBuilt(Problem):
    code = "UQ902"
    headline = "this version cannot run {feature} yet"
    label = "read and formatted, but not run"
    feature: str
