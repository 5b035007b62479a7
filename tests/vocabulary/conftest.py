"""What the tests of the vocabulary share."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shared machine")
settings.load_profile("shared machine")
