"""The five sources of uncertainty: what each contributes to a prediction."""

from uqdsl.uncertainty.budget import Budget, Part, information_budget, variance_budget

__all__ = ["Budget", "Part", "information_budget", "variance_budget"]
