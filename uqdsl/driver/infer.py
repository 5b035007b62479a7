"""One `infer` from beginning to end: draw, judge, predict, keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from uqdsl.diagnose import Row, Verdict, cut_mass, summarize, verdict
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.diagnose.simulations import SIMULATIONS, judged
from uqdsl.diagnose.tested import CALIBRATION
from uqdsl.driver.calibrate import examine, said_of_calibration
from uqdsl.driver.predict import Staged, known_before, predict, said_of_prediction
from uqdsl.driver.simulate import Draw, check_by_simulation
from uqdsl.driver.simulate import Drawn as FromSimulated
from uqdsl.infer import Progress, Target
from uqdsl.infer.draws import Silent
from uqdsl.ir import Calibration, Run, Spec, names_used
from uqdsl.messages import Problem, RunError, UqdslError
from uqdsl.messages.catalogue.runtime import NoPrediction, NoPredictions
from uqdsl.report import NAIVE
from uqdsl.results import Drawn, Group, Groups, Store, build_groups, sample_groups
from uqdsl.results.groups import make_group
from uqdsl.results.method import METHOD, MODE, WEIGHTED, Said, method_group, mode_of
from uqdsl.uncertainty.chained import Watch, unwatched
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.methods import ChainOptions, Method, Options, method_named

_PRIOR, _POSTERIOR, _DISCRETE, _STATES = 0x7072696F, 0x706F7374, 0x64697363, 0x73746174
"""Folded into the seed, so that no two of its users draw the same numbers."""
_MOST_SCATTER = 3.0
"""Largest variance of an estimated log likelihood: beyond, chains stay where it is large by chance (Sherlock et al. 2015)."""


@dataclass(frozen=True)
class Result:
    """What one run gave.

    - groups: the labelled arrays, by ArviZ's names of groups.
    - rows: the summary, a row for each scalar of the posterior.
    - seconds: wall time to `compile`, to `sample` and to `predict`.
    - problems: what went wrong without stopping it, and what else is to be known.
    """

    run: Run
    groups: Groups
    rows: tuple[Row, ...]
    verdict: Verdict
    seconds: Mapping[str, float]
    interrupted: bool
    problems: tuple[Problem, ...] = ()


class Watcher(Protocol):
    """Is told of a run as it goes; called from the main thread only."""

    def begin(self, run: Run) -> Progress:
        """A run begins by being compiled; what is returned is told how far its chains are."""
        ...

    def sampled(self, result: Result) -> None:
        """The draws are there and judged; predictions and the result file are still to come."""
        ...

    def busy(self, doing: str) -> AbstractContextManager[object]:
        """Something else is done that may take a while."""
        ...

    def counting(self) -> AbstractContextManager[Watch]:
        """Something is done whose parts can be counted; what is given is told of them."""
        ...

    def predicted(self, result: Result) -> None:
        """What the spec asks to predict is there; the result file is still to come."""
        ...

    def calibrated(self, result: Result) -> None:
        """The method was tried on data that the model draws."""
        ...


class Unwatched:
    """For a run that nobody looks at."""

    def begin(self, run: Run) -> Progress:
        return Silent()

    def sampled(self, result: Result) -> None: ...

    def busy(self, doing: str) -> AbstractContextManager[object]:
        return nullcontext()

    def counting(self) -> AbstractContextManager[Watch]:
        return nullcontext(unwatched)

    def predicted(self, result: Result) -> None: ...

    def calibrated(self, result: Result) -> None: ...


def infer(
    spec: Spec,
    target: Target,
    run: Run,
    seed: int,
    *,
    staged: Staged | None = None,
    naive: Callable[[], Group] | None = None,
    calibration: Calibration | None = None,
    folder: Path | None = None,
    resume: bool = False,
    watcher: Watcher | None = None,
) -> Result:
    """Draw from the posterior, judge the draws, and compute all that a result holds beside them.

    Args:
        spec: the IR of the target.
        target: the compiled spec with its data.
        run: the method and its options.
        seed: of everything that is random.
        staged: the stages that follow it, where something is to be predicted.
        naive: gives what naive fits predict, where a picture is to have it beside.
        calibration: how the method is tried on data that the model draws, where it is.
        folder: where `result.nc` goes; None keeps all in memory.
        resume: go on with what `folder` holds of a run that was stopped.
        watcher: is told how it goes.

    Raises:
        RunError: UQ601 to UQ608 and UQ611 where the method fails, UQ701 to UQ711 where files do.
    """
    watcher = watcher or Unwatched()
    method = method_named(run.method)
    assert method is not None, f"semantics lets no unknown method through: {run.method}"
    options: Any = method.options(**run.options)
    attrs: dict[str, Any] = {"seed": seed, "run": run.name, "method": run.method}
    if isinstance(options, ChainOptions):
        sampled = _chains(target, method, options, seed, attrs, folder, resume, watcher.begin(run))
    else:
        with watcher.counting() as watch:
            sampled = _whole(target, method, options, seed, attrs, folder, partial(watch, run.name))
    about = target.linearised(mode_of(sampled.groups))
    store, attrs = sampled.store, attrs | sampled.attrs
    with _kept(store):
        with watcher.counting() as watch:
            drawn = _with_latent(about, sampled.drawn, seed, partial(watch, "states"))
        groups = build_groups(target, drawn, attrs=attrs) | sampled.groups
        rows = tuple(summarize(groups))
        found = _verdict(spec, options, groups, rows)
        said = tuple(cut_mass(spec, groups, rows))
        result = Result(run, groups, rows, found, sampled.seconds, drawn.interrupted, said)
        watcher.sampled(result)
        try:
            with watcher.busy("computing predictions"):
                result = replace(result, groups=_with_predictions(target, about, drawn, seed, attrs) | sampled.groups)
        except Exception as error:  # noqa: BLE001 - whatever it is, the draws are worth more
            result = replace(result, problems=(*result.problems, NoPredictions(exception=type(error).__name__)))
        if staged is not None:
            result = _with_answers(staged, result, seed, watcher)
            watcher.predicted(result)
        if naive is not None and PREDICTION in result.groups:
            with watcher.busy("naive fits, for the picture"):
                result = replace(result, groups={**result.groups, NAIVE: tried(naive)})
        if calibration is not None and not result.interrupted:
            result = _tried_out(target, calibration, result, seed, watcher)
            watcher.calibrated(result)
    with watcher.busy("writing the result"):
        store.save(result.groups)
    return result


@contextmanager
def _kept(store: Store) -> Iterator[None]:
    """What was drawn is written before Ctrl-C stops what is done with it."""
    try:
        yield
    except KeyboardInterrupt:
        store.flush()
        raise


def calibration_of(spec: Spec, run: Run) -> Calibration | None:
    """How a spec asks that a run is calibrated, if it does."""
    return next((each for each in spec.calibrations if each.of in (None, run.name)), None)


def _drawing(method: Method, options: Options) -> Draw:
    """What draws from one posterior after another."""

    def draw(posterior: Any, target: Target, seed: int) -> FromSimulated:
        if isinstance(options, ChainOptions):
            sampled = _chains(target, method, options, seed, {}, None, resume=False, progress=Silent())
            if sampled.drawn.interrupted:
                raise KeyboardInterrupt
            return FromSimulated(sampled.drawn.posterior, None)
        from uqdsl.infer.posterior import unwatched as untold
        from uqdsl.infer.run import run

        found = run(target, method, options, seed, untold, posterior)
        return FromSimulated(found.posterior, found.worth)

    return draw


def try_method(target: Target, run: Run, calibration: Calibration, seed: int, watch: Watch) -> Group:
    """How the method of a run does on data that the model draws; as `check_by_simulation`."""
    method = method_named(run.method)
    assert method is not None, f"semantics lets no unknown method through: {run.method}"
    return check_by_simulation(target, calibration, _drawing(method, method.options(**run.options)), seed, watch)


def _tried_out(target: Target, calibration: Calibration, result: Result, seed: int, watcher: Watcher) -> Result:
    """The result with what simulations say of the method."""
    try:
        with watcher.counting() as watch:
            ranks = try_method(target, result.run, calibration, seed, watch)
    except RunError as error:
        reasons = (*result.verdict.reasons, *(each.title for each in error.problems))
        found = result.verdict._replace(status="suspect", reasons=reasons)
        return replace(result, verdict=found, problems=(*result.problems, *error.problems))
    groups = {**result.groups, SIMULATIONS: ranks}
    return replace(result, groups=groups, verdict=judged(result.verdict, groups))


class _Sampled(NamedTuple):
    """What a method gave.

    - store: of the run.
    - seconds: wall time of its parts.
    - attrs: what of it stands in the result.
    - groups: what it has beside its draws.
    """

    drawn: Drawn
    store: Store
    seconds: dict[str, float]
    attrs: dict[str, Any]
    groups: Groups


def _chains(
    target: Target,
    method: Method,
    options: ChainOptions,
    seed: int,
    attrs: dict[str, Any],
    folder: Path | None,
    resume: bool,
    progress: Progress,
) -> _Sampled:
    """Markov chains, whose draws are kept as they come in."""
    from uqdsl.infer.markov import sample

    make = Store.resume if resume and folder else Store
    keep: Any = {"chains": options.chains, "draws": options.draws, "attrs": attrs, "directory": folder}
    store = make(target, **keep)
    outcome = sample(target, method, options, seed, sink=store, progress=progress, resume=store.states)
    seconds = {"compile": outcome.compile_seconds, "sample": outcome.sample_seconds}
    known = {"sampling_time": outcome.sample_seconds, "tuning_steps": options.warmup}
    drawn = store.finish()
    said = Said(None, {}, notes=(*options.caveats, *target.caveats))
    if target.estimate is not None:
        said = _of_estimates(target, drawn, said, seed)
    groups: Groups = {METHOD: method_group(said, {})} if said != Said(None, {}) else {}
    return _Sampled(drawn, store, seconds, known, groups)


def _of_estimates(target: Target, drawn: Drawn, said: Said, seed: int) -> Said:
    """What is said of draws, with how much the estimates of their likelihood scatter."""
    from uqdsl.infer.metropolis import scatter

    variance = scatter(target, drawn.posterior, seed)
    reasons: tuple[str, ...] = ()
    if not variance <= _MOST_SCATTER:
        off = f"the log likelihood is estimated with a variance of {variance:.1f} at draws of the posterior"
        reasons = (
            f"{off}, and not of {_MOST_SCATTER:g} at most; take more particles, in proportion, or `guided` ones",
        )
    diagnostics = {**said.diagnostics, "log_likelihood_variance": variance}
    return said._replace(diagnostics=diagnostics, reasons=(*said.reasons, *reasons))


def _whole(
    target: Target,
    method: Method,
    options: Options,
    seed: int,
    attrs: dict[str, Any],
    folder: Path | None,
    watch: Callable[[int, int], object],
) -> _Sampled:
    """A method that gives its draws when it has come to its end."""
    from uqdsl.infer.run import run

    def told(done: int, total: int, **_: float) -> None:
        watch(done, total)

    found = run(target, method, options, seed, told)
    chains, draws = next(iter(found.posterior.values())).shape[:2]
    drawn = Drawn(found.posterior, found.stats, (draws,) * chains, draws)
    given = found.draws
    said = Said(found.worth, given.diagnostics, given.reasons, (*given.notes, *target.caveats))
    if target.estimate is not None:
        said = _of_estimates(target, drawn, said, seed)
    groups: Groups = {METHOD: method_group(said, given.history)}
    if given.mode:
        groups[MODE] = make_group(
            {name: np.asarray(each) for name, each in given.mode.items()}, target.dims, target.coords
        )
    if found.weighted:
        groups[WEIGHTED] = sample_groups(target, found.weighted, {})["posterior"]
    store = Store(target, chains=chains, draws=draws, directory=folder, attrs=attrs)
    return _Sampled(drawn, store, {"sample": found.seconds}, {"sampling_time": found.seconds}, groups)


def tried(naive: Callable[[], Group]) -> Group:
    """What naive fits predict, or why there are none."""
    try:
        return naive()
    except Exception as error:  # noqa: BLE001 - whatever it is, the predictions are worth more
        return Group(attrs={"reason": type(error).__name__})


def _with_answers(staged: Staged, result: Result, seed: int, watcher: Watcher) -> Result:
    """The result with what `predict` asks for."""
    asked = [each for each in staged.spec.predictions if each.of in (None, result.run.name)]
    if not asked:
        return result
    began = time.perf_counter()
    try:
        with watcher.counting() as watch:
            now = [each for each in asked if not each.ahead]
            examined, said = examine(staged, result.groups, seed, now, watch) if now else ({}, ())
            known = known_before(staged, result.groups, seed)
            prediction, problems = predict(staged, result.groups, known, asked, watch, examined.get(CALIBRATION))
    except UqdslError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the draws are worth more
        return replace(result, problems=(*result.problems, NoPrediction(exception=type(error).__name__)))
    return replace(
        result,
        groups={**result.groups, PREDICTION: prediction, **examined},
        seconds={**result.seconds, "predict": time.perf_counter() - began},
        problems=(*result.problems, *problems, *said),
    )


def reread(spec: Spec, run: Run, groups: Groups) -> Result:
    """The result of a run that is complete, from the groups of its `result.nc`."""
    method = method_named(run.method)
    assert method is not None, f"semantics lets no unknown method through: {run.method}"
    attrs = groups[""].attrs
    seconds = {"compile": 0.0, "sample": float(attrs.get("sampling_time", 0.0))}
    rows = tuple(summarize(groups))
    options: Any = method.options(**run.options)
    found = judged(_verdict(spec, options, groups, rows), groups)
    of_prediction = said_of_prediction(spec, groups[PREDICTION]) if PREDICTION in groups else ()
    said = (*cut_mass(spec, groups, rows), *of_prediction, *said_of_calibration(spec, groups))
    return Result(run, groups, rows, found, seconds, interrupted=False, problems=said)


def _verdict(spec: Spec, options: Options, groups: Groups, rows: tuple[Row, ...]) -> Verdict:
    # Chains need not agree on weights, as hidden units can change places; they do on what the networks give.
    unjudged = {each.name for each in (*spec.sums, *(own for network in spec.networks for own in network.weights))}
    return verdict(
        groups,
        tuple(row for row in rows if row.variable not in unjudged),
        max_tree_depth=getattr(options, "max_tree_depth", None),
        target_accept=getattr(options, "target_accept", None),
        requested=options.draws if isinstance(options, ChainOptions) else None,
        centered=centered_unknowns(spec),
    )


def centered_unknowns(spec: Spec) -> tuple[str, ...]:
    """The unknowns that `noncentered` could be written behind: their law has a scale, and unknowns in it."""
    unknowns = {each.name for each in spec.unknowns}
    return tuple(
        each.name
        for each in spec.unknowns
        if not each.noncentered and DISTRIBUTIONS[each.law.distribution].location_scale and names_used(each) & unknowns
    )


def _with_latent(target: Target, drawn: Drawn, seed: int, watch: Callable[[int, int], object]) -> Drawn:
    """The draws with those of discrete unknowns and of states, which the method has summed and integrated out."""
    if not target.discrete and target.draw_states is None:
        return drawn
    import jax

    from uqdsl.infer.posterior import SEED
    from uqdsl.infer.summed import draw_discrete, draw_states

    key = jax.random.key(seed)
    found = draw_discrete(target, drawn.posterior, jax.random.fold_in(key, _DISCRETE))
    moved = draw_states(target, drawn.posterior, jax.random.fold_in(key, _STATES), drawn.stats.get(SEED), watch)
    return drawn._replace(posterior=drawn.posterior | found | moved)


def _with_predictions(target: Target, about: Target, drawn: Drawn, seed: int, attrs: dict[str, Any]) -> Groups:
    """The groups of a result; what was before the data is the target's, and what comes after them that about the mode."""
    import jax

    from uqdsl.infer.predictive import draw_prior, predict_posterior

    key = jax.random.key(seed)
    prior = draw_prior(target, jax.random.fold_in(key, _PRIOR))
    predictive = predict_posterior(about, drawn.posterior, jax.random.fold_in(key, _POSTERIOR))
    return build_groups(target, drawn, prior=prior, predictive=predictive, attrs=attrs)
