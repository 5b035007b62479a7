"""UQ32x to UQ34x: what is legal and probably not meant. Each lint has the name by which `allow(…)` silences it."""

from __future__ import annotations

from uqdsl.messages.catalogue.parts import SharedRows
from uqdsl.messages.problem import Note, Problem, Warn


class UnusedUnknown(Warn):
    code = "UQ320"
    lint = "uninformed"
    headline = "nothing in the data depends on the unknown `{name}`"
    label = "its posterior will be its prior"
    advice = "use it in a likelihood, or take it out"
    name: str


class MayLeaveSupport(Warn):
    code = "UQ326"
    lint = "may_leave"
    headline = "`{what}` takes {expected}{role}, but this expression can leave them"
    label = "{found}"
    what: str
    role: str = ""
    expected: str
    found: str


class UnusedField(Warn):
    code = "UQ333"
    lint = "unused"
    headline = "nothing uses the data `{name}`"
    label = "read, and used nowhere"
    advice = "use it, take it out, or write `allow(unused)` behind it"
    name: str


class WiderThanKind(Warn):
    code = "UQ334"
    lint = "wide_law"
    headline = "`{law}` draws {found}, but the missing values of `{name}` are {expected}"
    label = "draws {found}"
    law: str
    name: str
    expected: str
    found: str


class IdleBound(Warn):
    code = "UQ335"
    lint = "idle_bound"
    headline = "`{law}` draws {support}, so {bound} cuts off nothing"
    label = "cuts off nothing"
    law: str
    support: str
    bound: str


class UnknownLint(Problem):
    code = "UQ336"
    headline = "there is no warning `{name}` to allow"
    label = "not the name of a warning"
    name: str


class IdleAllow(Warn):
    code = "UQ337"
    headline = "`allow({name})` allows nothing: there is no such warning here"
    label = "nothing to allow"
    advice = "take it out"
    name: str


class ImproperPosterior(Problem):
    code = "UQ338"
    headline = "the posterior cannot be normalised: {reason}"
    label = "its density has no end"
    advice = "use it in a likelihood, give it a prior with a finite integral, such as `Normal(0, 10)`, or take it out"
    reason: str


class Conditioned(Note):
    code = "UQ341"
    headline = "{places} of `{name}` along `{dim}` {are} conditioned on"
    label = "looks back along `{dim}`"
    advice = "nothing stands before them that it could look back to, so that they have no term of their own"
    name: str
    places: str
    are: str
    dim: str


class CutMass(Note):
    """Known once there are draws, so that `check` cannot tell whether it is there to be allowed."""

    code = "UQ612"
    lint = "cut_mass"
    headline = "the draws of `{name}` pile up at {end}, an end that its prior states"
    label = "nothing beyond {end}"
    advice = (
        "if values beyond it are possible, take a prior that falls off instead of ending; else write `allow(cut_mass)`"
    )
    name: str
    end: str


class MomentsAlone(Warn):
    code = "UQ267"
    lint = "moments"
    headline = "the law of `{name}`, {law}, is taken by {methods} for a Gaussian with its mean and variance"
    label = "its mean and variance alone are used"
    advice = "`bootstrap` and other methods of particles take it as it is; else write `allow(moments)` behind it"
    methods: str
    name: str
    law: str


LINTS = {
    each.lint: each
    for each in (
        UnusedUnknown,
        MayLeaveSupport,
        UnusedField,
        WiderThanKind,
        IdleBound,
        MomentsAlone,
        SharedRows,
        CutMass,
    )
}
"""Every lint by its name."""
