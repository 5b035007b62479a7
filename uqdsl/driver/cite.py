"""What a spec rests on: the references of its methods, and of what else its runs compute."""

from __future__ import annotations

from collections.abc import Iterator

from uqdsl import ir
from uqdsl.vocabulary.assimilation import filters
from uqdsl.vocabulary.methods import ChainOptions, Method, method_named
from uqdsl.vocabulary.references import bibtex, entries, split_reference

_STAGES = "nuts"
"""The method by which the stages of the five sources are adapted and drawn."""


def citations(spec: ir.Spec) -> dict[str, str]:
    """The BibTeX entries of a spec by their keys: of the methods of its runs and stages, then of what else it uses."""
    methods = [method for name in _methods(spec) if (method := method_named(name)) is not None]
    methods += [filters()[each.method] for each in _filters(spec)]
    found: dict[str, str] = {}
    for method in methods:
        for number, reference in enumerate(method.references, 1):
            key, text = split_reference(reference)
            key = key or f"{method.name}{number}"
            found.setdefault(key, bibtex(key, text))
    return found | {key: entries()[key] for key in _beside(spec, methods) if key not in found}


def _methods(spec: ir.Spec) -> Iterator[str]:
    yield from (run.method for run in spec.runs)
    if any(not each.ahead for each in spec.predictions) and any(each.spec.unknowns for each in spec.stages):
        yield _STAGES


def _filters(spec: ir.Spec) -> Iterator[ir.ByFilter | ir.Assimilation]:
    yield from (run.states for run in spec.runs if run.states is not None)
    yield from spec.motion.assimilations if spec.motion is not None else ()


def _beside(spec: ir.Spec, methods: list[Method]) -> Iterator[str]:
    """The keys of what a spec uses beside methods."""
    yield from ("phan2019", "jax2018")
    if any(issubclass(method.options, ChainOptions) for method in methods):
        yield "vehtari2021"
    if any(each.flow is not None for each in spec.quantities):
        yield "kidger2021"
    if any(each.options.get("budget") in ("shapley", "information") for each in spec.predictions):
        yield "owen2014"
    if spec.predictions and any(each.parted for each in spec.tables):
        yield from ("gneiting2007", "sailynoja2022")
