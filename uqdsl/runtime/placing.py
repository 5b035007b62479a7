"""An unknown placed at an unconstrained position."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution, biject_to
from numpyro.distributions.transforms import IdentityTransform


def place(law: Distribution, position: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The value of an unknown at an unconstrained position, and the log density of its law there.

    With `t` the bijection from the reals to the support of the law, the value is `t(position)` and the density is that
    of the position: `log p(t(position)) + log |det t'(position)|`, summed over every element.

    Arguments:
        law: a continuous distribution; its batch shape broadcasts to that of the unknown.
        position: unconstrained, of the shape of the unknown, save that a support may have fewer free elements than
            elements (a simplex of k has k - 1).

    Returns:
        The constrained value, in the support of the law, and the log density, a scalar.

    Example:
        >>> import numpyro.distributions as dist
        >>> value, log_density = place(dist.LogNormal(0.0, 1.0), jnp.asarray(0.0))
        >>> float(value), round(float(log_density), 6)
        (1.0, -0.918939)
    """
    bijection = biject_to(law.support)
    if isinstance(bijection, IdentityTransform):
        return position, jnp.sum(law.log_prob(position))
    value = bijection(position)
    volume = bijection.log_abs_det_jacobian(position, value)
    return value, jnp.sum(law.log_prob(value)) + jnp.sum(volume)
