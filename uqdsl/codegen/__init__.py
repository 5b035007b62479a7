"""From the IR to the text of a NumPyro program, with a source map back to the spec."""

from uqdsl.codegen.program import Program, generate

__all__ = ["Program", "generate"]
