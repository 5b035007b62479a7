"""What the tests of the codegen room share."""

from __future__ import annotations

import jax

jax.config.update("jax_enable_x64", True)
