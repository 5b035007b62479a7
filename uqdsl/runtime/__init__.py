"""What a generated program imports beside NumPyro and JAX."""

from uqdsl.runtime.place import place

__all__ = ["place"]
