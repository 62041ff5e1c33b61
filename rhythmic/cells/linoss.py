"""The linear oscillatory state-space layer: free oscillators, mixed after they have swung.

Source: Rusch and Rus, ICLR 2025, arXiv:2410.03943; Boyer, Rusch and Rus, arXiv:2505.12171.
"""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import NodeValues, Rhythms, node_values, resolve
from rhythmic.cells.free import AbstractFreeCell, Motion
from rhythmic.cells.initialization import normal, torch_linear, uniform
from rhythmic.cells.interface import along_nodes, gelu, weigh, weigh_few
from rhythmic.cells.options import PerNode, between, check_choice, check_sizes, is_traced, per_node
from rhythmic.theory import NodeWeights, pole_radius
from rhythmic.typing import AnyArray, Array, Float, InputArray, Matrix, NodeArray, Vector

LinOSSScheme = Literal["implicit", "symplectic", "damped"]
LinOSSMaps = Literal["real", "complex"]

# dt^2 A stays below 4 by a margin, so that rounding cannot take a symplectic node across.
MAX_STIFFNESS = 3.8
LADDER_DT = 0.9
MIN_RADIUS = 0.9  # of the poles that damped nodes start with, as published
_EDGE = 1e-3  # how near to the ends of (0, 1) start values are drawn


class LinOSSState(NamedTuple):
    """Position ``x_t``, velocity ``z_t`` and feedthrough ``D u_t``, each ``(hidden, *batch)``.

    With complex maps these are the real parts, and ``imaginary`` the other ones of both. A layer
    without an output map has no feedthrough.
    """

    position: NodeArray
    velocity: NodeArray
    feedthrough: NodeArray | None
    imaginary: Motion | None = None


@checked
class LinOSSCell(AbstractFreeCell[LinOSSState]):
    """Linear oscillatory state-space layer (LinOSS), one oscillator a node.

    ``x'' = -A x + B u`` in steps of ``dt``, each node with its own stiffness ``A`` and ``dt``, and
    ``gelu(C x_t + D u_t)`` as what the layer shows (GELU in its tanh form). Schemes:

    ``symplectic``: ``z_t = z_{t-1} + dt (B u_t - A x_{t-1})``, ``x_t = x_{t-1} + dt z_t``. A free
        node keeps its amplitude: the poles lie on the unit circle, at ``cos(angle) =
        1 - dt^2 A / 2``, while ``dt^2 A < 4``.
    ``implicit``: ``z_t = z_{t-1} + dt (B u_t - A x_t)``, ``x_t = x_{t-1} + dt z_t``, solved for
        the new state with ``S = 1 / (1 + dt^2 A)``: ``z_t = S (z_{t-1} + dt (B u_t - A x_{t-1}))``.
        A free node loses amplitude, the faster the higher its frequency: its poles have the
        radius ``sqrt(S)`` and the angle ``atan(dt sqrt(A))``.
    ``damped``: ``x'' = -A x - G x' + B u`` (D-LinOSS), each node with its own damping ``G > 0``:
        the symplectic step with ``- dt G z_t`` on the right, ``z_t = (z_{t-1} + dt (B u_t - A
        x_{t-1})) / (1 + dt G)``. A free node that swings loses amplitude at any frequency alike:
        its poles have the radius ``1 / sqrt(1 + dt G)``.

    The squared amplitude of the oscillators does not depend on the output map, ``C`` and ``D``: a
    layer of which it alone is read is built without it (``for_feature``), and shows ``x_t`` itself.

    ``0 < A < 3.8`` and ``0 < dt < 1``, learned or not, keep the pole radius at most 1 in all.

    The maps ``B`` and ``C`` are ``real``, or ``complex`` as in the published code, where each node
    is two oscillators of one rhythm, the parts of ``x``, and ``Re(C x_t)`` is read: rows of ``B``
    and columns of ``C`` hold the real parts of all nodes, then the imaginary ones.

    ``D`` is a matrix, since the published one (a diagonal) takes as many inputs as it has outputs.
    The published damped layer draws the angle of its poles from U(0, pi), which ``A`` above 3.8
    reaches; here ``A`` is drawn as for the other schemes. The block around the layer
    (normalisation, gate, skip) is not part of it.

    Source: Rusch and Rus, ICLR 2025, arXiv:2410.03943; damped: Boyer, Rusch and Rus,
    arXiv:2505.12171.
    """

    input_weights: Matrix
    output_weights: Matrix | None
    feedthrough_weights: Matrix | None
    stiffness: NodeValues
    dt: NodeValues
    damping: NodeValues | None
    scheme: LinOSSScheme = eqx.field(static=True)
    maps: LinOSSMaps = eqx.field(static=True)
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        scheme: LinOSSScheme = "implicit",
        maps: LinOSSMaps = "real",
        angular_frequency: PerNode | None = None,
        dt: PerNode | None = None,
        damping: PerNode | None = None,
        rhythms: Rhythms = "learned",
    ):
        """Start with ``B`` and ``C`` from ``U(-1/sqrt(fan_in), 1/sqrt(fan_in))``.

        ``D`` is normal with variance ``1 / input_size``.

        Args:
            input_size: components of one input sample.
            hidden_size: number of oscillators, and of outputs.
            key: source of the weights, and of rhythms that are not given.
            scheme: ``implicit`` (IM), ``symplectic`` (IMEX) or ``damped`` (D-LinOSS).
            maps: whether ``B`` and ``C`` are ``real`` or ``complex``.
            angular_frequency: ``dt sqrt(A)``, in rad a sample, of the oscillator before it is
                discretised; a number or one value a node, for a ladder ``2 pi f / Fs``. By
                default each ``A`` is drawn from U(0, 1), as published.
            dt: step, a number or one value a node. By default it is drawn from U(0, 1), or 0.9
                where ``angular_frequency`` is given, which leaves room up to 1.75 rad a sample.
                (The published code draws the logit of ``dt`` from U(0, 1).)
            damping: ``G`` of the damped scheme, above 0, per unit of the time that ``dt`` is in, a
                number or one value a node. By default ``1 / (1 + dt G)``, the squared radius of
                the poles, is drawn from U(0.81, 1), as published, or from as high that the node
                swings.
            rhythms: whether ``A``, ``dt`` and ``G`` are ``learned`` from these start values or
                ``fixed``.

        Raises:
            ValueError: for a size below one, an unknown choice, a rhythm outside its range, or a
                damping of another scheme.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("scheme", scheme, LinOSSScheme)
        check_choice("maps", maps, LinOSSMaps)
        check_choice("rhythms", rhythms, Rhythms)
        rows = hidden_size * (2 if maps == "complex" else 1)
        keys = jax.random.split(key, 6)
        steps, stiffness = _start_rhythms(angular_frequency, dt, hidden_size, keys=keys[:2])
        self.input_weights = torch_linear((rows, input_size), input_size, key=keys[2])
        self.output_weights = torch_linear((hidden_size, rows), hidden_size, key=keys[3])
        self.feedthrough_weights = normal((hidden_size, input_size), input_size, key=keys[4])
        self.stiffness = node_values("stiffness", stiffness, 0.0, MAX_STIFFNESS, rhythms)
        self.dt = node_values("dt", steps, 0.0, 1.0, rhythms)
        friction = _start_damping(damping, scheme, steps, stiffness, key=keys[5])
        self.damping = (
            None if friction is None else node_values("damping", friction, 0.0, np.inf, rhythms)
        )
        self.scheme = scheme
        self.maps = maps
        self.input_size = input_size
        self.hidden_size = hidden_size

    def initial_state(self, batch_shape: tuple[int, ...] = ()) -> LinOSSState:
        """Return oscillators at rest."""
        rest = jnp.zeros((self.hidden_size, *batch_shape), self.input_weights.dtype)
        feedthrough = None if self.feedthrough_weights is None else rest
        return LinOSSState(rest, rest, feedthrough, None if self.maps == "real" else (rest, rest))

    def constants(self) -> tuple[Vector, Vector, Vector]:
        """Return ``dt``, ``g dt A`` and the gain ``g``, of each row."""
        dt, stiffness, gain = self.step_constants()
        return self._of_rows(dt), self._of_rows(gain * dt * stiffness), self._of_rows(gain)

    def drive(self, inputs: InputArray) -> NodeArray:
        """Return ``g dt B u_t``."""
        dt, _, gain = self.step_constants()
        return weigh_few(self._of_rows(gain * dt)[:, None] * self.input_weights, inputs)

    @staticmethod
    def advance(constants: tuple[Array, Array, Array], motion: Motion, drive: NodeArray) -> Motion:
        """Return ``x_t = x_{t-1} + dt z_t`` and ``z_t = g z_{t-1} - g dt A x_{t-1} + d_t``.

        Args:
            constants: those of ``constants()``, each ``(row, *batch)``.
            motion: ``x_{t-1}`` and ``z_{t-1}``, ``(row, *batch)``.
            drive: ``d_t``, ``(row, *batch)``.
        """
        (dt, restoring, gain), (position, velocity) = constants, motion
        velocity = gain * velocity - restoring * position + drive
        return position + dt * velocity, velocity

    def motion(self, state: LinOSSState) -> Motion:
        """Return ``x_t`` and ``z_t``, real parts above imaginary ones."""
        real = (state.position, state.velocity)
        if state.imaginary is None:
            return real
        position, velocity = map(jnp.concatenate, zip(real, state.imaginary, strict=True))
        return position, velocity

    def state(self, motion: Motion, inputs: InputArray) -> LinOSSState:
        """Return the oscillators beside ``D u_t``."""
        if self.maps == "real":
            return LinOSSState(*motion, self.feedthrough(inputs))
        (position, imaginary_position), (velocity, imaginary_velocity) = (
            jnp.split(part, 2) for part in motion
        )
        imaginary = (imaginary_position, imaginary_velocity)
        return LinOSSState(position, velocity, self.feedthrough(inputs), imaginary)

    def _of_rows(self, values: Vector) -> Vector:
        """Return a value of each oscillator for each of its rows."""
        return jnp.tile(values, 2) if self.maps == "complex" else values

    def feedthrough(self, inputs: InputArray) -> NodeArray | None:
        """Return ``D u_t``, or nothing for a layer without an output map."""
        weights = self.feedthrough_weights
        return None if weights is None else weigh_few(weights, inputs)

    def step_constants(self) -> tuple[Vector, Vector, Vector]:
        """Return ``dt``, ``A`` and the gain on the new velocity.

        It is ``S`` if implicit, 1 if symplectic, ``1 / (1 + dt G)`` if damped.
        """
        dt, stiffness = self.dt.values, self.stiffness.values
        if self.damping is not None:
            return dt, stiffness, 1 / (1 + dt * self.damping.values)
        if self.scheme == "symplectic":
            return dt, stiffness, jnp.ones_like(dt)
        return dt, stiffness, 1 / (1 + dt**2 * stiffness)

    def output(self, state: LinOSSState) -> NodeArray:
        """Return ``gelu(C x_t + D u_t)``, or (the real part of) ``x_t`` without an output map."""
        if self.output_weights is None or state.feedthrough is None:
            return state.position
        return gelu(weigh(self.output_weights, self.motion(state)[0]) + state.feedthrough)

    def squared_amplitude(self, state: LinOSSState) -> NodeArray:
        """Return ``|x_t|^2 + |z_t|^2 / A`` of each oscillator, twice energy over stiffness."""
        stiffness = along_nodes(self.stiffness.values, state.velocity)
        squares = state.position**2 + state.velocity**2 / stiffness
        if state.imaginary is None:
            return squares
        position, velocity = state.imaginary
        return squares + position**2 + velocity**2 / stiffness

    def for_feature(self, feature: str) -> "LinOSSCell":
        """Return the layer without its output map where ``squared_amplitude`` alone is read."""
        if feature != "squared_amplitude":
            return self
        return eqx.tree_at(
            lambda cell: (cell.output_weights, cell.feedthrough_weights),
            self,
            (None, None),
            is_leaf=lambda leaf: leaf is None,
        )

    def resolved(self) -> "LinOSSCell":
        """Return the cell with learned ``A`` and ``dt`` worked out, to be stepped."""
        return resolve(self)

    def node_weights(self) -> NodeWeights:
        """Return ``w1, w2`` of each free node, ``x_t = w1 x_{t-1} + w2 x_{t-2}``.

        ``w1 = 1 + g - dt^2 A g`` and ``w2 = -g`` with the gain ``g``: ``2 S`` and ``-S`` if
        implicit, ``2 - dt^2 A`` and ``-1`` if symplectic. What these weights say is in
        ``rhythmic.theory``. Known ones are float64, see ``symplectic_weights``.
        """
        constants: Any = self.step_constants()
        if not is_traced(constants):
            constants = (np.asarray(x, np.float64) for x in constants)
        dt, stiffness, gain = constants
        return NodeWeights(1 + gain - dt**2 * stiffness * gain, -gain)

    def pole_radius(self) -> Vector:
        """Return the larger modulus of each free node's poles, ``(hidden,)``."""
        return jnp.asarray(pole_radius(*self.node_weights()))


def _start_rhythms(
    angular_frequency: PerNode | None, dt: PerNode | None, hidden_size: int, *, keys: jax.Array
) -> tuple[Float[AnyArray, " hidden"], Float[AnyArray, " hidden"]]:
    """Return each node's ``dt`` and ``A``, given or drawn.

    Raises:
        ValueError: for a value given outside its range.
    """
    if angular_frequency is not None and dt is None:
        dt = LADDER_DT
    steps: AnyArray
    if dt is None:
        steps = uniform((hidden_size,), _EDGE, 1 - _EDGE, key=keys[0])
    else:
        steps = between("dt", per_node("dt", dt, hidden_size), 0.0, 1.0)
    if angular_frequency is None:
        return steps, uniform((hidden_size,), _EDGE, 1.0, key=keys[1])
    omega = per_node("angular_frequency", angular_frequency, hidden_size)
    omega = between("angular_frequency", omega, 0.0, np.sqrt(MAX_STIFFNESS) * steps)
    return steps, (omega / steps) ** 2


def _start_damping(
    damping: PerNode | None,
    scheme: LinOSSScheme,
    dt: Float[AnyArray, " hidden"],
    stiffness: Float[AnyArray, " hidden"],
    *,
    key: jax.Array,
) -> Float[AnyArray, " hidden"] | None:
    """Return each node's ``G``, given or drawn; None of a scheme without.

    Raises:
        ValueError: for a value given outside its range, or to another scheme.
    """
    if scheme != "damped":
        if damping is not None:
            raise ValueError(f"damping is {damping!r}; it must be None for scheme {scheme!r}")
        return None
    if damping is not None:
        return between("damping", per_node("damping", damping, len(dt)), 0.0, np.inf)
    # The poles of a radius r are complex where 1 / r - 1 < dt sqrt(A).
    lowest = jnp.maximum(MIN_RADIUS, 1 / (1 + dt * stiffness**0.5)) ** 2
    squared_radius = lowest + (1 - lowest) * uniform(dt.shape, _EDGE, 1 - _EDGE, key=key)
    return (1 / squared_radius - 1) / dt
