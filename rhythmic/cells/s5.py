"""The diagonal state-space layer S5: complex modes in continuous time, held between samples.

Source: Smith, Warrington and Linderman, ICLR 2023, arXiv:2208.04933.
"""

from functools import lru_cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.cells.bounded import NodeValues, Rhythms, node_values
from rhythmic.cells.diagonal import DiagonalCell
from rhythmic.cells.initialization import normal, uniform
from rhythmic.cells.options import PerNode, between, check_choice, check_sizes, per_node
from rhythmic.typing import AnyArray, Float, Matrix, Vector

# Between which steps are drawn, evenly in their logarithm, as published.
LOWEST_DT, HIGHEST_DT = 0.001, 0.1


@checked
class S5Cell(DiagonalCell):
    """State-space layer S5, one pair of conjugate complex modes per node.

    ``x' = Lambda x + B u`` with ``Lambda = -a + i b``, solved over a step ``dt`` in which ``u`` is
    held (zero-order hold): ``x_t = lambda x_{t-1} + (lambda - 1) / Lambda B u_t`` with ``lambda =
    exp(dt Lambda)``. Shown is ``gelu(2 Re(C x_t) + D u_t)`` (GELU in its tanh form): the other mode
    of a pair is the conjugate, and doubles the real part. ``output_weights`` hold ``2 C``.

    ``a > 0``, ``b > 0`` and ``dt > 0`` are learned by their logarithms. Published are ``a`` and
    ``b`` that may change sign, ``dt`` by its logarithm. ``a`` and ``b`` are per unit of the time
    that ``dt`` is in; a node turns by ``dt b`` rad per sample. ``D`` is a matrix, since the
    published one (a diagonal) takes as many inputs as it has outputs. The block around the layer
    (normalisation, gate, skip) is not part of it.

    Source: Smith, Warrington and Linderman, ICLR 2023, arXiv:2208.04933.
    """

    input_weights: Matrix
    output_weights: Matrix | None
    feedthrough_weights: Matrix | None
    damping: NodeValues
    angular_velocity: NodeValues
    dt: NodeValues
    input_size: int = eqx.field(static=True)
    hidden_size: int = eqx.field(static=True)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        key: jax.Array,
        angular_frequency: PerNode | None = None,
        dt: PerNode | None = None,
        damping: PerNode = 0.5,
        rhythms: Rhythms = "learned",
    ):
        """Start with normal weights: ``E|B|^2 = 1 / (2 n)`` and ``E|C|^2 = 1 / n``, n nodes.

        ``D`` is normal with variance ``1 / input_size``.

        Args:
            input_size: components of one input sample.
            hidden_size: number of pairs of modes, ``n``, and of outputs.
            key: source of the weights, and of steps that are not given.
            angular_frequency: ``dt b`` in rad per sample, between 0 and pi, a number or one value
                per node; for a ladder ``2 pi f / Fs``. By default ``b`` are the frequencies of the
                normal part of HiPPO-LegS of order ``2 n``, as published.
            dt: step, above 0, a number or one value per node; by default its logarithm is drawn
                evenly between 0.001 and 0.1.
            damping: ``a``, above 0, a number or one value per node; 1 / 2 in HiPPO-LegS.
            rhythms: whether ``a``, ``b`` and ``dt`` are ``learned`` from these start values or
                ``fixed``.

        Raises:
            ValueError: for a size below one, an unknown choice, or a rhythm outside its range.
        """
        input_size, hidden_size = check_sizes(input_size, hidden_size)
        check_choice("rhythms", rhythms, Rhythms)
        keys = jax.random.split(key, 4)
        decay = between("damping", per_node("damping", damping, hidden_size), 0.0, np.inf)
        steps: AnyArray
        if dt is None:
            low, high = np.log(LOWEST_DT), np.log(HIGHEST_DT)
            steps = jnp.exp(uniform((hidden_size,), low, high, key=keys[0]))
        else:
            steps = between("dt", per_node("dt", dt, hidden_size), 0.0, np.inf)
        velocity: AnyArray
        if angular_frequency is None:
            velocity = hippo_frequencies(hidden_size)
        else:
            omega = per_node("angular_frequency", angular_frequency, hidden_size)
            velocity = between("angular_frequency", omega, 0.0, np.pi) / steps
        # Start values are published as V* B and C V with the unitary eigenvectors V of the normal
        # part of HiPPO: those of a pair are conjugate, and normal weights stay normal.
        shape = (2 * hidden_size, input_size)
        self.input_weights = normal(shape, 4 * hidden_size, key=keys[1])
        self.output_weights = 2 * normal(
            (hidden_size, 2 * hidden_size), 2 * hidden_size, key=keys[2]
        )
        self.feedthrough_weights = normal((hidden_size, input_size), input_size, key=keys[3])
        self.damping = node_values("damping", decay, 0.0, np.inf, rhythms)
        self.angular_velocity = node_values("angular_velocity", velocity, 0.0, np.inf, rhythms)
        self.dt = node_values("dt", steps, 0.0, np.inf, rhythms)
        self.input_size = input_size
        self.hidden_size = hidden_size

    def poles(self) -> tuple[Vector, Vector]:
        """Return real and imaginary part of ``exp(dt Lambda)``."""
        radius = jnp.exp(-self.dt.values * self.damping.values)
        angle = self.dt.values * self.angular_velocity.values
        return radius * jnp.cos(angle), radius * jnp.sin(angle)

    def input_map(self) -> Matrix:
        """Return ``(lambda - 1) / Lambda B``, real parts above imaginary ones."""
        a, b = self.damping.values, self.angular_velocity.values
        loss, angle = self.dt.values * a, self.dt.values * b
        # exp(z) - 1 without the cancellation of small steps.
        real = jnp.expm1(-loss) * jnp.cos(angle) - 2 * jnp.sin(angle / 2) ** 2
        imaginary = jnp.exp(-loss) * jnp.sin(angle)
        squared = a**2 + b**2
        gain = (b * imaginary - a * real) / squared, -(a * imaginary + b * real) / squared
        of_real, of_imaginary = jnp.split(self.input_weights, 2)
        rows = [
            gain[0][:, None] * of_real - gain[1][:, None] * of_imaginary,
            gain[1][:, None] * of_real + gain[0][:, None] * of_imaginary,
        ]
        return jnp.concatenate(rows)


@lru_cache(maxsize=64)
def hippo_frequencies(num_pairs: int) -> Float[np.ndarray, " num_pairs"]:
    """Return the positive eigenfrequencies of HiPPO-LegS without its low-rank part, rising.

    HiPPO-LegS of order ``N`` is ``A_jk = -sqrt((2 j + 1)(2 k + 1))`` below the diagonal,
    ``-(j + 1)`` on it. ``A + P P^T`` with ``P_j = sqrt(j + 1/2)`` is ``-1/2`` and a skew matrix,
    ``-sqrt((2 j + 1)(2 k + 1)) / 2`` below the diagonal.

    Args:
        num_pairs: of conjugate eigenvalues, ``N / 2``.

    Returns:
        In rad per unit of time, float64.
    """
    root = np.sqrt(2 * np.arange(2 * num_pairs) + 1)
    lower = np.tril(-np.outer(root, root) / 2, -1)
    found = np.linalg.eigvalsh(1j * (lower - lower.T))[num_pairs:]
    found.setflags(write=False)  # one array for all who ask
    return found
