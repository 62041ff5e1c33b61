"""What a line can tell apart: logic gates, clouds, largest margins and the best any line can do.

Source: lecture, "Perceptron"; textbook definitions (linear separability, margin).
"""

import itertools
import operator
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from jaxtyping import Array, Float, Int, Real

from rhythmic.arguments import checked
from rhythmic.static.perceptron import check_examples
from rhythmic.typing import AnyArray

MAX_EXAMPLES_TRIED = 16
ROUNDING = 1e-12  # a margin below this share of the largest component is rounding, not a margin

LOGIC_GATES: Mapping[str, tuple[int, int, int, int]] = MappingProxyType(
    {
        "AND": (0, 0, 0, 1),
        "OR": (0, 1, 1, 1),
        "NAND": (1, 1, 1, 0),
        "XOR": (0, 1, 1, 0),
    }
)
"""Outputs of each gate for the inputs (0, 0), (0, 1), (1, 0), (1, 1)."""


class LabelledExamples(NamedTuple):
    """Examples with the output wanted for each: inputs, features last, and targets of 0 and 1."""

    inputs: Float[Array, "example feature"]
    targets: Float[Array, " example"]


class SeparatingPlane(NamedTuple):
    """The plane ``weights . input + theta = 0`` of the largest margin.

    Attributes:
        weights: of unit length together with theta; NaN if no plane separates the examples.
        theta: constant term; NaN likewise.
        margin: Novikoff's ``gamma``, above zero; NaN likewise.
    """

    weights: Float[np.ndarray, " feature"]
    theta: float
    margin: float


@checked
def logic_gate(name: str) -> LabelledExamples:
    """Return the four examples of a gate of two inputs.

    Args:
        name: AND, OR, NAND or XOR.

    Returns:
        Inputs ``(4, 2)`` in the order 00, 01, 10, 11 and their targets.

    Raises:
        ValueError: for any other name.
    """
    if name not in LOGIC_GATES:
        raise ValueError(f"gate is {name!r}; choose from {', '.join(LOGIC_GATES)}")
    inputs = jnp.array(list(itertools.product((0.0, 1.0), repeat=2)))
    return LabelledExamples(inputs, jnp.array(LOGIC_GATES[name], inputs.dtype))


@checked
def separable_clouds(
    num_examples: int,
    num_features: int,
    gap: Real[AnyArray, ""] | float,
    *,
    key: jax.Array,
) -> LabelledExamples:
    """Draw a Gaussian cloud, cut it by a random plane through 0 and pull the halves apart.

    Each example is ``z + s (gap / 2) u`` with ``z ~ N(0, 1)`` in every feature, ``u`` a random
    unit vector, ``s = sign(u . z)``, and target 1 where ``s`` is positive. Every example is at
    least ``gap / 2`` from the plane, so the two clouds are separable for any gap above zero.

    Args:
        num_examples: examples of both clouds together; how many fall to each is left to chance.
        num_features: dimensions, 1 or more.
        gap: width of the empty band between the clouds, in standard deviations of the cloud
            before the cut; 0 or more, NaN inputs otherwise. May be traced.
        key: source of the cloud and of the plane.

    Returns:
        Inputs and targets.

    Raises:
        ValueError: for a count below one.
    """
    for field, value in (("num_examples", num_examples), ("num_features", num_features)):
        if operator.index(value) < 1:
            raise ValueError(f"{field} is {value}; it must be at least 1")
    cloud_key, plane_key = jax.random.split(key)
    cloud = jax.random.normal(cloud_key, (num_examples, num_features), jnp.result_type(float))
    direction = jax.random.normal(plane_key, (num_features,), cloud.dtype)
    direction = direction / jnp.linalg.norm(direction)
    above = jnp.matmul(cloud, direction, precision=jax.lax.Precision.HIGHEST) > 0
    width = jnp.asarray(gap, cloud.dtype)
    shift = jnp.where(above, 0.5, -0.5) * jnp.where(width >= 0, width, jnp.nan)
    return LabelledExamples(cloud + shift[:, None] * direction, above.astype(cloud.dtype))


@checked
def largest_margin_plane(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> SeparatingPlane:
    """Find the plane of the largest margin, or find that there is none.

    With ``a_i = s_i (input_i, 1)`` and ``s_i`` of +1 or -1 for target 1 or 0, the plane is the
    shortest ``v = (w, theta)`` for which ``a_i . v >= 1`` for all i, and ``gamma = 1 / |v|``: a
    problem of least distance, solved by non-negative least squares. A plane found is checked
    against every example, so a margin returned is one that exists. Inputs are scaled by their
    largest component; a margin below about 1e-7 of it may go unseen.

    Args:
        inputs: examples, features last; finite. Computed by NumPy in float64.
        targets: 0 or 1.

    Returns:
        Unit direction, constant term and margin; NaN if no plane separates the examples.

    Raises:
        ValueError: if shapes do not fit, an input is not finite or a target not 0 or 1.

    Source: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23 (problem LDP).
    """
    examples, wanted = checked_examples(inputs, targets)
    signed = (2 * wanted - 1)[:, None] * np.append(examples, np.ones_like(wanted)[:, None], axis=1)
    scale = np.abs(signed).max()
    corners = signed / scale
    system = np.append(corners.T, np.ones((1, len(corners))), axis=0)
    wanted_sum = np.append(np.zeros(len(corners.T)), 1.0)
    residual = system @ scipy.optimize.nnls(system, wanted_sum)[0] - wanted_sum
    direction = residual[:-1]
    length = np.linalg.norm(direction)
    direction = direction / (length if length > 0 else np.nan)
    margin = (signed @ direction).min()
    if not margin > ROUNDING * scale:
        return SeparatingPlane(np.full(examples.shape[1], np.nan), np.nan, np.nan)
    return SeparatingPlane(direction[:-1], float(direction[-1]), float(margin))


@checked
def best_threshold_accuracy(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> float:
    """Return the largest share of the examples that any perceptron at all can have right.

    It is found by leaving out as few examples as needed for the rest to be separable, trying
    every choice of them; no learning is involved. For XOR it is 3/4 (Minsky and Papert,
    Perceptrons, 1969).

    Args:
        inputs: examples, features last; finite.
        targets: 0 or 1.

    Returns:
        The share, in (0, 1]; 1 exactly for separable examples.

    Raises:
        ValueError: as ``largest_margin_plane``, and for more than 16 examples, since the choices
            double with each.
    """
    examples, wanted = checked_examples(inputs, targets)
    count = len(wanted)
    if count > MAX_EXAMPLES_TRIED:
        raise ValueError(f"inputs hold {count} examples; at most {MAX_EXAMPLES_TRIED} can be tried")
    for kept in range(count, 1, -1):
        for subset in itertools.combinations(range(count), kept):
            rows = list(subset)
            if largest_margin_plane(examples[rows], wanted[rows]).margin > 0:
                return kept / count
    return 1 / count


def checked_examples(
    inputs: Real[AnyArray, "example feature"], targets: Real[AnyArray, " example"]
) -> tuple[Float[np.ndarray, "example feature"], Int[np.ndarray, " example"]]:
    """Return inputs in float64 and targets as integers, or raise a ValueError of one line."""
    examples, wanted = np.asarray(inputs, float), np.asarray(targets)
    check_examples(examples.shape)
    if not np.isfinite(examples).all():
        raise ValueError("inputs hold NaN or infinity; they must be finite")
    if not np.isin(wanted, (0, 1)).all():
        raise ValueError(f"targets hold {np.unique(wanted).tolist()}; they must be 0 or 1")
    return examples, wanted.astype(int)
