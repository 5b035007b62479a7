"""Methods of inference: one compiled spec in, draws of its posterior out."""

# First: it sets what JAX and OpenBLAS read once, when they are imported.
from uqdsl.infer import environment
from uqdsl.infer.draws import Chunk, Outcome, Progress, Sink
from uqdsl.infer.target import Target

__all__ = ["Chunk", "Outcome", "Progress", "Sink", "Target", "environment"]
