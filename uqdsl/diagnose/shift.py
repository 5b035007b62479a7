"""Domain shift: whether new inputs come from where the training inputs came from.

Two tests, both by permuting which input is new, so that their p-values hold for any number of inputs and any law: a classifier
that tries to tell new from training inputs, and the energy distance. Then each new input by itself: how far out it is
among the training inputs. Last, weights that make the training inputs look like the new ones.

Inputs are `(input, feature)`, in any unit: features are standardised by their training inputs' mean and standard deviation.
Inputs that depend on each other, as neighbouring times do, make the p-values too small.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from scipy.special import expit

from uqdsl.diagnose.statistics import average_ranks

_FIRM = 0.01
_FAR = 0.01
_MOST = 1000
"""Inputs of either kind that the tests look at, drawn at random from more."""


class TwoSamples(NamedTuple):
    """A test of whether two samples come from one law.

    - statistic: AUC of the classifier on inputs that it was not fitted to (one half: cannot tell, one: tells all), or the
      energy distance of standardised inputs.
    - p_value: the probability of at least that statistic if all come from one law, by permutations.
    - by_chance: what the statistic stays below in 95 % of permutations.
    """

    statistic: float
    p_value: float
    by_chance: float


class Typicality(NamedTuple):
    """How far out each new input is among the training inputs, each `(new,)`.

    - mahalanobis: the share of training inputs that are at least as far from the centre of the others.
    - nearest: the share of training inputs whose nearest other is at least as far as the nearest to the new one.
    """

    mahalanobis: np.ndarray
    nearest: np.ndarray

    @property
    def outside(self) -> np.ndarray:
        """Which new inputs are further out than 99 % of the training inputs, in either sense: `(new,)`."""
        return np.minimum(self.mahalanobis, self.nearest) < _FAR


class Weights(NamedTuple):
    """Importance weights that make training inputs look like new ones.

    - training, new: density of new inputs over that of training inputs, at either; those of training have the mean one.
    - effective: effective number of training inputs, (sum w)^2 / sum w^2.
    """

    training: np.ndarray
    new: np.ndarray
    effective: float


class Shift(NamedTuple):
    """What there is to say of new inputs beside the training inputs."""

    classifier: TwoSamples
    energy: TwoSamples
    typicality: Typicality
    weights: Weights


def compare_inputs(training: np.ndarray, new: np.ndarray, seed: int = 0) -> Shift:
    """All of this module for training inputs `(input, feature)` and new inputs `(new, feature)`."""
    return Shift(
        classifier_test(training, new, seed=seed),
        energy_test(training, new, seed=seed),
        typicality(training, new),
        importance_weights(training, new),
    )


def in_words(shift: Shift) -> str:
    """The finding as one sentence."""
    far, number = int(shift.typicality.outside.sum()), len(shift.typicality.outside)
    # Either test may find it, so that each has half of the probability of a false alarm.
    p_value = min(1.0, 2 * min(shift.classifier.p_value, shift.energy.p_value))
    if p_value <= _FIRM:
        said = (
            f"new inputs do not come from where the training inputs came from (p = {p_value:.2g}): a classifier tells a new "
            f"input from a training input in {shift.classifier.statistic:.0%} of pairs, and as many as "
            f"{shift.weights.effective:.0f} of {len(shift.weights.training)} training inputs are like them"
        )
    else:
        said = f"no sign that new inputs come from elsewhere than the training inputs (p = {p_value:.2g})"
    if not far:
        return said
    return f"{said}; {far} of {number} new inputs are further out than 99 % of the training inputs"


def classifier_test(
    training: np.ndarray, new: np.ndarray, folds: int = 5, permutations: int = 199, seed: int = 0
) -> TwoSamples:
    """Can a classifier tell new inputs from training inputs? AUC on held-out folds, with a permutation p-value.

    The classifier is Fisher's linear discriminant on standardised features and their squares, so that it sees shifts of
    location and of spread; what it does not see (correlations, gaps), the energy distance may. It is fitted anew for each
    permutation, all in one product, for which a logistic regression takes a hundred times as long and no better ranks.

    Lopez-Paz & Oquab 2017, Revisiting Classifier Two-Sample Tests, ICLR, sec. 3.
    """
    rng = np.random.default_rng(seed)
    training, new = _at_most(training, rng), _at_most(new, rng)
    features = _features(np.concatenate([training, new]), training)
    labels = _permuted(len(training), len(new), permutations, rng)
    fold = rng.permutation(len(features)) % folds
    scores = np.empty(labels.shape)
    for each in range(folds):
        apart = fold == each
        coefficients = _discriminant(features[~apart], labels[:, ~apart])
        scores[:, apart] = coefficients @ features[apart].T
        # Folds have classifiers of their own, whose scores are compared by their ranks within the fold.
        scores[:, apart] = average_ranks(scores[:, apart]) / (apart.sum() + 1)
    return _against_permutations(_auc(scores, labels))


def energy_test(training: np.ndarray, new: np.ndarray, permutations: int = 199, seed: int = 0) -> TwoSamples:
    """The energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of standardised inputs, with a permutation p-value.

    Székely & Rizzo 2013, Energy statistics: A class of statistics based on distances, J. Stat. Plan. Inference 143.
    """
    rng = np.random.default_rng(seed)
    training, new = _at_most(training, rng), _at_most(new, rng)
    inputs = _standardised(np.concatenate([training, new]), training)
    labels = _permuted(len(training), len(new), permutations, rng)
    # With these contrasts as x, the energy distance is -x' D x.
    contrast = labels / len(new) - (1 - labels) / len(training)
    return _against_permutations(-np.sum((contrast @ cdist(inputs, inputs)) * contrast, axis=1))


def typicality(training: np.ndarray, new: np.ndarray) -> Typicality:
    """Each new input among the training inputs, all of them compared with the training inputs other than themselves."""
    inputs, others = _standardised(training, training), _standardised(new, training)
    number = len(inputs)
    centre = inputs.mean(axis=0)
    # A direction in which training inputs do not vary at all makes any departure along it far, not infinite.
    scatter = (inputs - centre).T @ (inputs - centre) + 1e-9 * number * np.eye(inputs.shape[1])
    inverse = np.linalg.inv(scatter)
    at_new = (number - 1) * np.einsum("nf,fg,ng->n", others - centre, inverse, others - centre)
    # Mean and covariance without the input itself, by the formula of Sherman and Morrison.
    own = np.einsum("nf,fg,ng->n", inputs - centre, inverse, inputs - centre)
    factor = number / (number - 1)
    at_training = (number - 2) * factor**2 * own / np.maximum(1 - factor * own, 1e-12)
    tree = KDTree(inputs)
    near_training = tree.query(inputs, 2)[0][:, 1]
    near_new = tree.query(others)[0]
    return Typicality(_share_beyond(at_training, at_new), _share_beyond(near_training, near_new))


def importance_weights(training: np.ndarray, new: np.ndarray) -> Weights:
    """Density ratio of new to training inputs, by the odds of a classifier: w proportional to p / (1 - p).

    The classifier is a logistic regression on standardised features and their squares.

    Right where the log ratio is quadratic in each feature without products, as for Gaussians with independent features. Few
    effective inputs mean that the new inputs lie where there are hardly any training inputs: then no weights help.

    Bickel, Brückner & Scheffer 2009, Discriminative Learning Under Covariate Shift, JMLR 10.
    """
    inputs = np.concatenate([training, new])
    features = _features(inputs, training)
    log_odds = features @ _logistic(features, np.arange(len(inputs)) >= len(training))
    at_training, at_new = np.split(np.exp(log_odds - log_odds.max()), [len(training)])
    mean = at_training.mean()
    at_training, at_new = at_training / mean, at_new / mean
    return Weights(at_training, at_new, float(at_training.sum() ** 2 / np.sum(at_training**2)))


def _standardised(inputs: np.ndarray, training: np.ndarray) -> np.ndarray:
    sd = training.std(axis=0)
    return (inputs - training.mean(axis=0)) / np.where(sd > 0, sd, 1)


def _features(inputs: np.ndarray, training: np.ndarray) -> np.ndarray:
    """One, the standardised features, and their squares, standardised as well."""
    plain = _standardised(inputs, training)
    squares = _standardised(plain**2, _standardised(training, training) ** 2)
    return np.concatenate([np.ones((len(inputs), 1)), plain, squares], axis=1)


def _at_most(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return inputs if len(inputs) <= _MOST else inputs[rng.choice(len(inputs), _MOST, replace=False)]


def _permuted(training: int, new: int, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Which inputs are new: as they are in the first row, permuted in all others, `(permutation, input)`."""
    labels = np.concatenate([np.zeros(training), np.ones(new)])
    return np.concatenate([labels[None], rng.permuted(np.tile(labels, (permutations, 1)), axis=1)])


def _against_permutations(statistics: np.ndarray) -> TwoSamples:
    """The first statistic among all; equal ones, but for round-off, are as large."""
    p_value, by_chance = np.mean(statistics >= statistics[0] - 1e-12), np.quantile(statistics[1:], 0.95)
    return TwoSamples(float(statistics[0]), float(p_value), float(by_chance))


def _discriminant(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Coefficients `(fit, feature)` of Fisher's linear discriminant for many labels `(fit, input)`, by least squares."""
    inverse = np.linalg.inv(features.T @ features + np.diag(_penalty(features)))
    return (labels - labels.mean(axis=1, keepdims=True)) @ features @ inverse


def _logistic(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Coefficients `(feature,)` of the logistic regression of labels `(input,)`, with a standard Gaussian prior."""
    penalty = _penalty(features)

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        log_odds = features @ coefficients
        value = np.logaddexp(0, log_odds).sum() - labels @ log_odds + 0.5 * penalty @ coefficients**2
        return float(value), (expit(log_odds) - labels) @ features + penalty * coefficients

    found = minimize(loss, np.zeros(features.shape[1]), jac=True, method="BFGS")
    return np.asarray(found.x)


def _penalty(features: np.ndarray) -> np.ndarray:
    """Precision of each coefficient: one, but for the constant."""
    return np.concatenate([[1e-6], np.ones(features.shape[1] - 1)])


def _auc(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The share of pairs of a new and a training input in which the new one has the higher score, of each row."""
    new = labels.sum(axis=1)
    ranks = np.sum(average_ranks(scores) * labels, axis=1)
    return (ranks - new * (new + 1) / 2) / (new * (labels.shape[1] - new))


def _share_beyond(distances: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The share of distances, the new one counted among them, that are at least as large."""
    return (1 + len(distances) - np.searchsorted(np.sort(distances), at)) / (1 + len(distances))
