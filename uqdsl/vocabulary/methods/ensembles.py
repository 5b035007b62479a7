"""Models that are trained several times."""

from __future__ import annotations

from uqdsl.vocabulary.methods.method import Method

METHODS: tuple[Method, ...] = ()
