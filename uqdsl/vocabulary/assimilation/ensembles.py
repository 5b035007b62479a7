"""Ensemble Kalman filters, and the smoothers behind them."""

from __future__ import annotations

from pydantic import Field

from uqdsl.vocabulary.assimilation.schemes import (
    AdaptiveInflation,
    AdaptiveLocalization,
    Additive,
    GaspariCohn,
    Gated,
    Multiplicative,
    NoFallback,
    NoInflation,
    NoLocalization,
    RejectingOptions,
    Rtpp,
    Rtps,
)
from uqdsl.vocabulary.methods import Assumption, Method


class EnsembleOptions(RejectingOptions):
    """Options that every ensemble filter has."""

    members: int = Field(default=20, ge=2, le=10**6, description="of the ensemble")
    inflation: NoInflation | Multiplicative | Additive | Rtpp | Rtps | AdaptiveInflation = Field(
        default=NoInflation(), discriminator="kind", description="how spread that sampling lost is restored"
    )
    rotate: bool = Field(default=False, description="anomalies turned at random after each analysis, their mean kept")
    fallback: NoFallback | Gated = Field(
        default=NoFallback(), discriminator="kind", description="what is done where innovations are too large"
    )


class LocalizedOptions(EnsembleOptions):
    """Options of ensemble filters that can look at what is near alone."""

    localization: NoLocalization | GaspariCohn | AdaptiveLocalization = Field(
        default=NoLocalization(), discriminator="kind", description="how far observations tell of the states"
    )


class NearOptions(EnsembleOptions):
    """Options of a filter that can look at what is near alone, and has to be told how far that is."""

    localization: NoLocalization | GaspariCohn = Field(
        default=NoLocalization(), discriminator="kind", description="how far observations tell of the states"
    )


class SerialOptions(LocalizedOptions):
    """Options of a filter that takes in one observation after the other."""


class LocalOptions(EnsembleOptions):
    """Options of a filter that has to be told what is near."""

    localization: GaspariCohn | AdaptiveLocalization | None = Field(
        default=None, description="how far observations tell of the states"
    )


class FiniteSizeOptions(EnsembleOptions):
    """The finite-size ensemble Kalman filter."""

    certainty: float = Field(default=1.0, gt=0, le=100, description="of the hyperprior, which 2 makes sharper")


class EnksOptions(EnsembleOptions):
    """The ensemble Kalman smoother behind a transform filter."""

    lag: int | None = Field(
        default=None, ge=1, le=10**4, description="times that observations are told back to; all where it is not given"
    )


METHODS = (
    Method(
        name="etkf",
        summary="the ensemble transform Kalman filter",
        options=EnsembleOptions,
        run="uqdsl.assimilate.etkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "bishop2001: Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the ETKF, Mon. Weather Rev. 129, 420-436",
            (
                "hunt2007: Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D "
                "230, 112-126"
            ),
        ),
    ),
    Method(
        name="letkf",
        summary="the local ensemble transform Kalman filter: an analysis of its own at each place",
        options=LocalOptions,
        run="uqdsl.assimilate.letkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "hunt2007: Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D "
                "230, 112-126"
            ),
        ),
    ),
    Method(
        name="enkf",
        summary="the ensemble Kalman filter with perturbed observations",
        options=LocalizedOptions,
        run="uqdsl.assimilate.enkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "burgers1998: Burgers, van Leeuwen & Evensen 1998, Analysis Scheme in the EnKF, Mon. Weather Rev. 126, 1719-1724",
            (
                "houtekamer2001: Houtekamer & Mitchell 2001, A Sequential EnKF for Atmospheric Data Assimilation, Mon. "
                "Weather Rev. 129, 123-137"
            ),
        ),
    ),
    Method(
        name="denkf",
        summary="the deterministic ensemble Kalman filter: anomalies are moved by half of the gain",
        options=LocalizedOptions,
        run="uqdsl.assimilate.denkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "sakov2008: Sakov & Oke 2008, A deterministic formulation of the ensemble Kalman filter, Tellus A 60, 361-371",
        ),
    ),
    Method(
        name="eakf",
        summary="the ensemble adjustment Kalman filter: one observation after the other",
        options=SerialOptions,
        run="uqdsl.assimilate.eakf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "anderson2003: Anderson 2003, A Local Least Squares Framework for Ensemble Filtering, Mon. Weather Rev. 131, "
                "634-642"
            ),
        ),
    ),
    Method(
        name="enkf_n",
        summary="the finite-size ensemble Kalman filter, which finds its inflation itself",
        options=FiniteSizeOptions,
        run="uqdsl.assimilate.enkf_n:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "bocquet2011: Bocquet 2011, EnKF without the intrinsic need for inflation, Nonlin. Processes Geophys. 18, 735-750",
            (
                "bocquet2015: Bocquet, Raanes & Hannart 2015, Expanding the validity of the EnKF, Nonlin. Processes Geophys. "
                "22, 645-662"
            ),
        ),
    ),
    Method(
        name="enks",
        summary="the ensemble Kalman smoother: each analysis is told to earlier times too",
        options=EnksOptions,
        run="uqdsl.assimilate.enks:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "evensen2000: Evensen & van Leeuwen 2000, An Ensemble Kalman Smoother for Nonlinear Dynamics, Mon. Weather "
                "Rev. 128, 1852-1867"
            ),
        ),
    ),
    Method(
        name="ens_rts",
        summary="the ensemble smoother of Rauch, Tung & Striebel, behind a transform filter",
        options=EnsembleOptions,
        run="uqdsl.assimilate.ens_rts:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "raanes2016: Raanes 2016, On the Ensemble Rauch-Tung-Striebel Smoother, Q. J. R. Meteorol. Soc. 142, 1259-1264",
        ),
    ),
)
