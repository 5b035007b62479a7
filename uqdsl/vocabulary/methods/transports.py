"""Samples of the prior that are moved to the posterior."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import Assumption, Method, Options


class DiffusionOptions(Options):
    """Diffusion from noise to the posterior, with the score of a mixture prior in closed form."""

    particles: int = Field(default=1000, ge=1, le=10**7, description="draws of the posterior")
    closure: Literal[
        "auto", "component", "newton", "importance", "joint_gaussian", "damped", "naive", "particles", "literal"
    ] = Field(
        default="auto",
        description=(
            "how the data enter: `component` conditions each mode of the prior as a Kalman filter does, `newton` by its "
            "derivatives, `importance` by weighted draws; `auto` takes `component` for Gaussian data and `newton` for others; "
            "`joint_gaussian`, `damped`, `naive`, `particles` and `literal` are biased forms of the literature"
        ),
    )
    mixture: Literal["auto", "fitted"] = Field(
        default="auto",
        description="`auto` takes the prior itself where it is Gaussian or a Gaussian mixture; `fitted` fits one to its draws",
    )
    prior_draws: int = Field(
        default=1000, ge=20, le=10**6, description="draws of the prior that a mixture is fitted to"
    )
    correction: Literal["none", "importance"] = Field(
        default="importance",
        description=(
            "where the mixture is fitted and the prior has a density: `importance` weighs the draws by prior over mixture, "
            "weights smoothed; `none` leaves them as they are"
        ),
    )
    steps: int = Field(default=30, ge=4, le=10**4, description="steps from noise to the posterior")
    closure_draws: int = Field(
        default=64, ge=4, le=10**6, description="draws of each component, where the closure needs some"
    )


class ParticleFlowOptions(Options):
    """The particle flow filter: particles move along the gradient of the posterior and push each other apart."""

    particles: int = Field(default=200, ge=20, le=10**5, description="draws of the prior that are moved")
    kernel: Literal["matrix", "scalar"] = Field(
        default="matrix", description="one kernel per component, or one for all, which loses spread as dimensions grow"
    )
    bandwidth: float = Field(
        default=0.18, gt=0, le=100, description="variance of the kernel, in units of the variance that the data leave"
    )
    steps: int = Field(default=300, ge=1, le=10**6, description="steps in pseudo-time")


class SvgdOptions(Options):
    """Stein variational gradient descent with a scalar kernel."""

    particles: int = Field(default=200, ge=20, le=10**5, description="draws of the prior that are moved")
    steps: int = Field(default=500, ge=1, le=10**7, description="steps of the descent")
    step: float = Field(
        default=0.05, gt=0, le=10, description="length of the first steps, in standard deviations of the prior"
    )


class CouplingOptions(Options):
    """Options of methods that couple draws of the prior with a cloud of the posterior."""

    particles: int = Field(default=500, ge=2, le=10**5, description="draws of the prior that are moved")
    target_particles: int = Field(
        default=1000,
        ge=20,
        le=10**5,
        description="particles of the tempered sequential Monte Carlo that makes the cloud",
    )


class OptimalTransportOptions(CouplingOptions):
    """Entropic optimal transport from draws of the prior to a cloud of the posterior."""

    smoothing: float = Field(
        default=0.02, gt=0, le=10, description="entropic smoothing per dimension, in units of the prior's variance"
    )
    correction: Literal["second_order", "none"] = Field(
        default="second_order",
        description="`second_order` puts back the spread that the barycentric projection takes away; `none` leaves it out",
    )


class SchrodingerBridgeOptions(CouplingOptions):
    """The Schrödinger bridge from draws of the prior to a cloud of the posterior."""

    smoothing: float = Field(
        default=0.1,
        gt=0,
        le=10,
        description="variance of the Brownian motion per dimension, in units of the prior's variance",
    )
    steps: int = Field(
        default=0, ge=0, le=10**6, description="steps of a simulated path; 0 draws its end alone, exactly"
    )


METHODS: tuple[Method, ...] = (
    Method(
        name="diffusion",
        summary="noise turned into draws of the posterior by the score of a mixture prior in closed form",
        options=DiffusionOptions,
        run="uqdsl.infer.diffusion:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER),
        references=(
            (
                "song2021: Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole 2021, Score-Based Generative Modeling through "
                "Stochastic Differential Equations, Int. Conf. Learn. Represent."
            ),
            (
                "lu2022: Lu, Zhou, Bao, Chen, Li & Zhu 2022, DPM-Solver++: Fast Solver for Guided Sampling of Diffusion "
                "Probabilistic Models, arXiv:2211.01095"
            ),
            (
                "bao2024: Bao, Zhang & Zhang 2024, An Ensemble Score Filter for Tracking High-Dimensional Nonlinear Dynamical "
                "Systems, Comput. Methods Appl. Mech. Eng. 432, 117447"
            ),
        ),
    ),
    Method(
        name="particle_flow",
        summary="prior draws that flow to the posterior and push each other apart, with a matrix-valued kernel",
        options=ParticleFlowOptions,
        run="uqdsl.infer.particle_flow:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_SAMPLER),
        references=(
            (
                "hu2021: Hu & van Leeuwen 2021, A Particle Flow Filter for High-Dimensional System Applications, Q. J. R. "
                "Meteorol. Soc. 147, 2352-2374"
            ),
            (
                "pulido2019: Pulido & van Leeuwen 2019, Sequential Monte Carlo with Kernel Embedded Mappings: The Mapping "
                "Particle Filter, J. Comput. Phys. 396, 400-415"
            ),
        ),
    ),
    Method(
        name="svgd",
        summary="Stein variational gradient descent: prior draws that descend to the posterior and push each other apart",
        options=SvgdOptions,
        run="uqdsl.infer.svgd:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_SAMPLER),
        references=(
            (
                "liu2016: Liu & Wang 2016, Stein Variational Gradient Descent: A General Purpose Bayesian Inference Algorithm, "
                "Adv. Neural Inf. Process. Syst. 29"
            ),
            (
                "ba2022: Ba, Erdogdu, Ghassemi, Sun, Suzuki, Wu & Zhang 2022, Understanding the Variance Collapse of SVGD in "
                "High Dimensions, Int. Conf. Learn. Represent."
            ),
        ),
    ),
    Method(
        name="optimal_transport",
        summary="prior draws mapped to the posterior by entropic optimal transport, with a second-order correction",
        options=OptimalTransportOptions,
        run="uqdsl.infer.optimal_transport:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER),
        references=(
            (
                "cuturi2013: Cuturi 2013, Sinkhorn Distances: Lightspeed Computation of Optimal Transport, Adv. Neural Inf. "
                "Process. Syst. 26"
            ),
            (
                "reich2013: Reich 2013, A Nonparametric Ensemble Transform Method for Bayesian Inference, SIAM J. Sci. Comput. "
                "35, A2013-A2024"
            ),
            (
                "acevedo2017: Acevedo, de Wiljes & Reich 2017, Second-Order Accurate Ensemble Transform Particle Filters, SIAM "
                "J. Sci. Comput. 39, A1834-A1850"
            ),
        ),
    ),
    Method(
        name="schrodinger_bridge",
        summary="prior draws brought to the posterior by the stochastic map that is nearest to Brownian motion",
        options=SchrodingerBridgeOptions,
        run="uqdsl.infer.schrodinger_bridge:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER),
        references=(
            (
                "debortoli2021: De Bortoli, Thornton, Heng & Doucet 2021, Diffusion Schrödinger Bridge with Applications to "
                "Score-Based Generative Modeling, Adv. Neural Inf. Process. Syst. 34"
            ),
            "pooladian2024: Pooladian & Niles-Weed 2024, Plug-in Estimation of Schrödinger Bridges, arXiv:2408.11686",
        ),
    ),
)
