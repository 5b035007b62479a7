"""The five sources of uncertainty: what each contributes to a prediction."""

from uqdsl.uncertainty.budget import SOURCES, Budget, Part, information_budget, variance_budget

__all__ = ["SOURCES", "Budget", "Part", "information_budget", "variance_budget"]
