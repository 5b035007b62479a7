"""Chains that look at a few rows at a time."""

from __future__ import annotations

from uqdsl.vocabulary.methods.method import Method

METHODS: tuple[Method, ...] = ()
