"""The log densities of the posteriors, written by hand in plain JAX: nothing here knows uqdsl, or NumPyro.

A density is a function of the unknowns on their own scale, in the names and shapes of the reference, up to a constant.
It is that of the posterior on the support of the unknowns and says nothing elsewhere.
"""

from benchmarks.published.densities.table import DENSITIES, Density

__all__ = ["DENSITIES", "Density"]
