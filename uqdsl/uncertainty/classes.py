"""What is told of predicted classes: how probable each is, how sure that is, and how much of the doubt could be learned away.

The probability of a class is a function of what is uncertain, p_c = P(y = c | w, z), and is drawn like any other prediction.
Nothing is linearised: an error of the logits that is Gaussian is none any more behind the sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import entr

from uqdsl.uncertainty.budget import closed_variances


class Entropy(NamedTuple):
    """Entropies of predicted classes in nats, each `(case,)`: total = expected + information.

    - total: of the mean probabilities.
    - expected: mean entropy of the draws: what would be left if the unknowns were known (aleatoric).
    - information: mutual information of class and unknowns (epistemic).
    """

    total: np.ndarray
    expected: np.ndarray
    information: np.ndarray


def entropy(probabilities: np.ndarray) -> Entropy:
    """Entropies of class probabilities `(draw, case, class)`, which sum to one over the classes.

        H(mean p) = mean H(p) + I(class; unknowns)

    The split is that of Houlsby, Huszár, Ghahramani & Lengyel 2011, Bayesian Active Learning for Classification and
    Preference Learning, arXiv:1112.5745, and of Depeweg, Hernández-Lobato, Doshi-Velez & Udluft 2018, Decomposition of
    Uncertainty in Bayesian Deep Learning, ICML, sec. 3. The information is not a clean measure of what more data could teach:
    it is small where all draws agree on an even split as well as where they agree on a class, and expected entropy is itself
    only as good as the model (Wimmer, Sale, Hofman, Bischl & Hüllermeier 2023, Quantifying Aleatoric and Epistemic
    Uncertainty in Machine Learning: Are Conditional Entropy and Mutual Information Appropriate Measures?, UAI).
    """
    total = entr(probabilities.mean(axis=0)).sum(axis=-1)
    expected = entr(probabilities).sum(axis=-1).mean(axis=0)
    return Entropy(total, expected, total - expected)


def indicator_variances(corner: np.ndarray, active: Sequence[str]) -> np.ndarray:
    """V(S) of the indicators of all classes together, for each draw of the seeds: `(draw, set, row)`.

        sum_c var 1[y = c] = sum_c var p_c + sum_c E p_c (1 - p_c)

    The total is 1 - sum_c E[p_c]^2, the quadratic entropy, where `entropy` has Shannon's; unlike that it has no bias. The last
    term is the chance by which a class comes of its probabilities, which is the source `function`: it is added to the sets
    that have it, as what is left when all others are known. Which random number brings which class is arbitrary, so that no
    interaction with the others has a meaning.

    Arguments:
        corner: probabilities for all combinations of the seeds, as of `corners`, `(corner, draw, row, class)`.
        active: the sources that vary, as there.
    """
    number, draws, rows, classes = corner.shape
    closed = closed_variances(corner.reshape(number, draws, rows * classes))
    found = closed.reshape(draws, number, rows, classes).sum(axis=-1)
    chance = (corner * (1 - corner)).sum(axis=-1).mean(axis=0)
    with_function = np.arange(number) >> active.index("function") & 1 == 1
    found[:, with_function] += chance[:, None]
    return found
