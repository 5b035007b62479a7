"""Approximations around a point or by a family of laws: Laplace, variational, Pathfinder."""

from __future__ import annotations

from uqdsl.vocabulary.methods.method import Method

METHODS: tuple[Method, ...] = ()
