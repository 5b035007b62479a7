"""Samples of the prior that are moved to the posterior."""

from __future__ import annotations

from uqdsl.vocabulary.methods.method import Method

METHODS: tuple[Method, ...] = ()
