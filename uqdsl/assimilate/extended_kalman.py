"""The extended Kalman filter: every function is its tangent at what is expected.

References:
    Jazwinski 1970, Stochastic Processes and Filtering Theory, Academic Press, sec. 8.3.
    Raanes et al. 2024, DAPPER: Data Assimilation with Python, J. Open Source Softw. 9, 5150: inflation per unit of time.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.gaussian import Belief, Function, Line, gaussian_filter
from uqdsl.vocabulary.assimilation.gaussian import ExtendedKalmanOptions


def make(options: ExtendedKalmanOptions, plan: Plan) -> Filter:
    """The filter."""
    return gaussian_filter(tangent, plan, options.inflation, reject=options.reject)


def tangent(function: Function, belief: Belief) -> Line:
    """f(m), its derivatives, and nothing left."""
    mean = function(belief.mean)
    return Line(mean, jax.jacfwd(function)(belief.mean), jnp.zeros((len(mean), len(mean))))
