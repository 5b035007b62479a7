"""Parts of NumPyro without its annotations, which do not let a parameter be an array after it has been broadcast."""

from __future__ import annotations

from typing import Any

from numpyro import distributions
from numpyro.distributions import util

Distribution: Any = distributions.Distribution
dependent: Any = distributions.constraints.dependent
dependent_property: Any = distributions.constraints.dependent_property
promote_shapes: Any = util.promote_shapes
biject_to: Any = distributions.biject_to
Constraint: Any = distributions.constraints.Constraint
Transform: Any = distributions.transforms.ParameterFreeTransform
CategoricalProbs: Any = distributions.CategoricalProbs
MultinomialProbs: Any = distributions.MultinomialProbs
CompoundMultinomial: Any = distributions.DirichletMultinomial
