"""uqdsl from Python: load a spec, bind it to data, draw from its posterior.

Example:
    >>> import uqdsl
    >>> model = uqdsl.loads('''
    ... data { y[i] : real }
    ... prior mu ~ Normal(0, 10)
    ... likelihood y[i] ~ Normal(mu, 1)
    ... ''')
    >>> program = model.compile(y=[0.8, 1.1, 1.4])
    >>> fit = program.infer("nuts(chains = 2, warmup = 200, draws = 200)", seed=1)
    >>> fit.posterior.posterior["mu"].dims
    ('chain', 'draw')
"""

from __future__ import annotations

from uqdsl.api.assimilation import Assimilation
from uqdsl.api.fit import Fit
from uqdsl.api.model import Explanation, Model, load, loads
from uqdsl.api.program import Program, Rows
from uqdsl.api.simulation_check import SimulationCheck

__all__ = ["Assimilation", "Explanation", "Fit", "Model", "Program", "Rows", "SimulationCheck", "load", "loads"]
