"""Resonate-and-fire nodes: damped rotations that spike, plain and balanced.

Source: Higuchi, Kairat, Bohte and Otte, ICML 2024, arXiv:2402.14603; Izhikevich, Neural Networks 14
(2001).
"""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import (
    FixedNumber,
    NodeValues,
    Rhythms,
    fixed_number,
    node_values,
    resolve,
)
from rhythmic.cells.initialization import uniform, xavier_uniform
from rhythmic.cells.interface import AbstractCell, along_nodes, weigh, weigh_few
from rhythmic.cells.options import (
    Number,
    PerNode,
    between,
    check_choice,
    check_sizes,
    is_traced,
    number,
    per_node,
)
from rhythmic.theory import NodeWeights
from rhythmic.typing import AnyArray, Array, Bool, Float, InputArray, Matrix, NodeArray, Vector

Form = Literal["balanced", "plain"]

THRESHOLD = 1.0
REFRACTORY_DECAY = 0.9  # of q, per step
# Balanced nodes are stable for b + dt q < 2 sqrt(1 - omega^2), which is 0.62 at the first corner;
# at the published dt = 0.01 even for those that fire at every step, whose q tends to 10.
MAX_STEP_ANGLE = {"balanced": 0.95, "plain": np.pi}
MAX_DAMPING = 0.5
# In rad and 1 / sample; published for sequential MNIST: U(15, 50) and U(0.1, 1) times dt = 0.01.
FREQUENCIES, DAMPINGS = (0.15, 0.5), (0.001, 0.01)


class ResonateAndFireState(NamedTuple):
    """Both parts of ``x_t``, the refractory ``q_t`` and the spikes ``s_t``, ``(hidden, *batch)``.

    Plain nodes have no refractory part.
    """

    real: NodeArray
    imaginary: NodeArray
    refractory: NodeArray | None
    spikes: NodeArray


@jax.custom_jvp
def spike(excess: Float[Array, "*nodes"]) -> Float[Array, "*nodes"]:
    """Return 1 where a potential exceeds its threshold, else 0.

    The derivative is a surrogate, the double Gaussian: half of ``1.15 N(x; 0.5) - 0.3 N(x; 3)``
    with the normal density ``N(x; sigma)`` around 0.

    Args:
        excess: potential minus threshold.

    Source: Higuchi et al., ICML 2024; Yin, Corradi and Bohte, Nature Machine Intelligence 2021.
    """
    return (excess > 0).astype(excess.dtype)


@spike.defjvp
def _spike_tangent(
    primals: tuple[Array], tangents: tuple[Array]
) -> tuple[Float[Array, "*nodes"], Float[Array, "*nodes"]]:
    (excess,), (moved,) = primals, tangents
    narrow, wide = (
        jnp.exp(-((excess / sigma) ** 2) / 2) / (sigma * (2 * np.pi) ** 0.5) for sigma in (0.5, 3.0)
    )
    return spike(excess), (0.575 * narrow - 0.15 * wide) * moved


@checked
class ResonateAndFireCell(AbstractCell[ResonateAndFireState]):
    """Resonate-and-fire layer, balanced (BRF) or plain (RF): oscillators that show spikes.

    ``x_t = lambda_t x_{t-1} + dt (W u_t + R s_{t-1})``, complex, with ``s_t = 1`` where
    ``Re(x_t) > 1 + q_{t-1}``, else 0. Nothing resets ``x``. The forms:

    ``balanced``: ``lambda_t = 1 + p(omega) - b - dt q_{t-1} + i omega`` with the divergence
        boundary ``p(omega) = sqrt(1 - omega^2) - 1``, at which ``|lambda| = 1``, and the refractory
        ``q_t = 0.9 q_{t-1} + s_t``: after a spike the threshold is higher and the damping stronger.
        With little damping a node turns by ``asin(omega)`` per sample, a little more than
        ``omega``.
    ``plain``: ``lambda = exp(-b + i omega)``, the exact solution of Izhikevich's ``x' = (-b + i
        omega) x`` over a step, without refractory; ``q = 0``. (Steps by differences, as of the
        published baseline, diverge where ``(1 - b)^2 + omega^2 > 1``.)

    ``omega`` (rad per sample) and ``b`` (1 / sample) are learned, as published, or fixed. ``dt``
    weighs the input and the refractory damping.

    A spike has no derivative of use: training takes that of ``spike``, a double Gaussian, for it.
    Derivatives of the spikes and, through recurrence and refractory, of the state, are surrogates
    as well, in ``rhythmic.stability`` too.

    Source: Higuchi et al., ICML 2024, arXiv:2402.14603; Izhikevich, Neural Networks 14 (2001).
    """

    weight_ih: Matrix
    weight_hh: Matrix
    angular_frequency: NodeValues
    damping: NodeValues
    time_step: FixedNumber
    form: Form = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        form: Form = "balanced",
        angular_frequency: PerNode | None = None,
        damping: PerNode | None = None,
        dt: Number = 0.01,
        rhythms: Rhythms = "learned",
    ):
        """Start with Xavier-uniform weights of one map of input and spikes, without bias.

        Args:
            input_size: components of one input sample.
            hidden_size: number of nodes.
            key: source of the weights, and of rhythms that are not given.
            form: ``balanced`` or ``plain``.
            angular_frequency: ``omega`` in rad per sample, between 0 and 0.95 if balanced, else pi;
                a number or one value per node, for a ladder ``2 pi f / Fs``. By default each is
                drawn from U(0.15, 0.5), as published for sequential MNIST.
            damping: ``b`` in 1 / sample, between 0 and 0.5, a number or one value per node. By
                default each is drawn from U(0.001, 0.01), as published for sequential MNIST.
            dt: length of a step, above 0, in the unit of time of input and refractory. The default
                is the published one; of few inputs in short trials nodes may then never reach the
                threshold, and 0.1 helps.
            rhythms: ``learned`` from these start values, or ``fixed``.

        Raises:
            ValueError: for a size below one, an unknown choice, or a rhythm outside its range.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("form", form, Form)
        check_choice("rhythms", rhythms, Rhythms)
        dt = number("dt", dt, lambda dt: (dt > 0) & (dt < np.inf), "be above 0 and finite")
        keys = jax.random.split(key, 3)
        weights = xavier_uniform((hidden_size, input_size + hidden_size), key=keys[0])
        self.weight_ih, self.weight_hh = weights[:, :input_size], weights[:, input_size:]
        fastest = MAX_STEP_ANGLE[form]
        omega = _given_or_drawn(
            "angular_frequency", angular_frequency, hidden_size, fastest, FREQUENCIES, key=keys[1]
        )
        loss = _given_or_drawn("damping", damping, hidden_size, MAX_DAMPING, DAMPINGS, key=keys[2])
        self.angular_frequency = node_values("angular_frequency", omega, 0.0, fastest, rhythms)
        self.damping = node_values("damping", loss, 0.0, MAX_DAMPING, rhythms)
        self.time_step = fixed_number("dt", dt, "fixed")
        self.form = form
        self.input_size = input_size
        self.hidden_size = hidden_size

    @property
    def dt(self) -> Any:
        """Length of a step, in units of time."""
        return self.time_step.value

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> ResonateAndFireState:
        """Return nodes at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.weight_hh.dtype)
        refractory = rest if self.form == "balanced" else None
        return ResonateAndFireState(rest, rest, refractory, rest)

    def step(self, state: ResonateAndFireState, inputs: InputArray) -> ResonateAndFireState:
        """Advance one sample of the input, ``(feature, *batch)``."""
        real, imaginary, refractory, spikes = state
        cosine, sine = (along_nodes(part, real) for part in self.poles())
        drive = self.dt * (weigh_few(self.weight_ih, inputs) + weigh(self.weight_hh, spikes))
        threshold: float | NodeArray = THRESHOLD
        if refractory is not None:
            cosine = cosine - self.dt * refractory
            threshold = THRESHOLD + refractory
        turned = cosine * real - sine * imaginary + drive
        fired = spike(turned - threshold)
        return ResonateAndFireState(
            turned,
            sine * real + cosine * imaginary,
            None if refractory is None else REFRACTORY_DECAY * refractory + fired,
            fired,
        )

    def held(
        self,
        state: ResonateAndFireState,
        advanced: ResonateAndFireState,
        active: Bool[Array, "hidden *batch"],
    ) -> ResonateAndFireState:
        """Return the ``advanced`` state of ``active`` nodes; others hold it and do not spike."""
        kept = super().held(state, advanced, active)
        return kept._replace(spikes=jnp.where(active, advanced.spikes, 0))

    def output(self, state: ResonateAndFireState) -> NodeArray:
        """Return the spikes ``s_t``, 0 or 1."""
        return state.spikes

    def squared_amplitude(self, state: ResonateAndFireState) -> NodeArray:
        """Return ``|x_t|^2``."""
        return state.real**2 + state.imaginary**2

    def resolved(self) -> "ResonateAndFireCell":
        """Return the cell with learned rhythms computed, to be stepped."""
        return resolve(self)

    def poles(self) -> tuple[Vector, Vector]:
        """Return real and imaginary part of ``lambda`` of nodes that have not fired, no unit."""
        omega, loss = self.angular_frequency.values, self.damping.values
        if self.form == "plain":
            radius = jnp.exp(-loss)
            return radius * jnp.cos(omega), radius * jnp.sin(omega)
        return jnp.sqrt(1 - omega**2) - loss, omega

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of each free node, ``x_t = w1 x_{t-1} + w2 x_{t-2}`` for both parts.

        ``w1 = 2 Re(lambda)`` and ``w2 = -|lambda|^2``, before it fires. What these weights say
        (frequency, decay time) is in ``rhythmic.theory``. Known ones are float64.
        """
        parts: Any = self.poles()
        if not is_traced(parts):
            parts = (np.asarray(part, np.float64) for part in parts)
        real, imaginary = parts
        return NodeWeights(2 * real, -(real**2) - imaginary**2)

    def pole_radius(self) -> Vector:
        """Return ``|lambda|`` of each node that has not fired, ``(hidden,)``."""
        return jnp.hypot(*self.poles())


def _given_or_drawn(
    name: str,
    values: PerNode | None,
    hidden_size: int,
    highest: float,
    drawn: tuple[float, float],
    *,
    key: jax.Array,
) -> Float[AnyArray, " hidden"]:
    """Return one value per node below ``highest``, or ones ``drawn`` evenly between two ends.

    Raises:
        ValueError: for a value given outside its range.
    """
    if values is None:
        return uniform((hidden_size,), *drawn, key=key)
    return between(name, per_node(name, values, hidden_size), 0.0, highest)
