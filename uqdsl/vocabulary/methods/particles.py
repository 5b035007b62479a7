"""Samples that are weighted, resampled and moved: importance sampling, sequential Monte Carlo."""

from __future__ import annotations

from uqdsl.vocabulary.methods.method import Method

METHODS: tuple[Method, ...] = ()
