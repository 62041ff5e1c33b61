"""The regimes of h_t = w1 h_{t-1} + w2 h_{t-2} over the plane of its two weights.

Source: lecture, "RNN dynamics (simplified)" and "Rhythmic RNN".
"""

from enum import IntEnum

from jaxtyping import Int, Real

from rhythmic.arguments import checked
from rhythmic.theory._arrays import RealLike, common_arrays, ieee_arithmetic, select_code
from rhythmic.theory.roots import discriminant, is_stable
from rhythmic.typing import AnyArray


class SecondOrderRegime(IntEnum):
    """What the node does: the kind of its roots crossed with their larger modulus.

    The kind is "oscillates" for a complex pair, "flickers" for two real roots of which at least
    one is negative, and neither for real roots that are not negative. The size disappears if the
    larger modulus is below 1 and explodes if it is above 1 (or if a repeated root is 1 or -1,
    where the size grows in proportion to t). Otherwise it settles: the corner and edge cases of
    the stability triangle. The name speaks of the roots; a given start may excite only one.

    Attributes:
        UNDEFINED: a weight is NaN or infinite.
        GONE: both weights are 0; nothing is left after two steps.
        DISAPPEARS: roots in [0, 1), not both 0.
        EQUILIBRIUM: roots in [0, 1], one of them 1; settles at a constant.
        EXPLODES: roots not negative, one above 1 or both 1.
        FLICKERS_AND_DISAPPEARS: real roots in (-1, 1), one negative.
        FLICKERS: real roots in [-1, 1], one negative, one of modulus 1.
        FLICKERS_AND_EXPLODES: real roots, one negative, one beyond 1 or -1, or both -1.
        OSCILLATES_AND_DISAPPEARS: complex pair inside the unit circle.
        OSCILLATES: complex pair on the unit circle (w2 = -1), for ever.
        OSCILLATES_AND_EXPLODES: complex pair outside the unit circle.
    """

    UNDEFINED = 0
    GONE = 1
    DISAPPEARS = 2
    EQUILIBRIUM = 3
    EXPLODES = 4
    FLICKERS_AND_DISAPPEARS = 5
    FLICKERS = 6
    FLICKERS_AND_EXPLODES = 7
    OSCILLATES_AND_DISAPPEARS = 8
    OSCILLATES = 9
    OSCILLATES_AND_EXPLODES = 10


@checked
@ieee_arithmetic
def second_order_regime(
    w1: Real[RealLike, "*#nodes"], w2: Real[RealLike, "*#nodes"]
) -> Int[AnyArray, "*nodes"]:
    """Classify what h_t = w1 h_{t-1} + w2 h_{t-2} does in the distant future.

    Only comparisons of the weights decide, no root is computed: the stability triangle |w2| < 1,
    |w1| < 1 - w2, its edges, the parabola w1^2 + 4 w2 = 0 and the signs of the weights.

    Args:
        w1: weight on the state one step back, no unit.
        w2: weight on the state two steps back, no unit.

    Returns:
        int32 codes of `SecondOrderRegime`; UNDEFINED where a weight is NaN or infinite.

    Source: lecture, "RNN dynamics (simplified)" and "Rhythmic RNN".
    """
    xp, w1, w2 = common_arrays(w1=w1, w2=w2)
    undefined = ~(xp.isfinite(w1) & xp.isfinite(w2))
    size = xp.abs(w1)
    shrinks = is_stable(w1, w2)
    # On an edge, but not at (w1, w2) = (+-2, -1), where a repeated root has modulus 1.
    settles = ((w2 == -1) & (size < 2)) | ((xp.abs(w2) <= 1) & (size == 1 - w2) & (size < 2))
    complex_pair = discriminant(xp, w1, w2) < 0
    flickers = ~complex_pair & ((w2 > 0) | (w1 < 0))
    code = SecondOrderRegime
    return select_code(
        xp,
        code.EXPLODES,
        (undefined, code.UNDEFINED),
        ((w1 == 0) & (w2 == 0), code.GONE),
        (complex_pair & shrinks, code.OSCILLATES_AND_DISAPPEARS),
        (complex_pair & settles, code.OSCILLATES),
        (complex_pair, code.OSCILLATES_AND_EXPLODES),
        (flickers & shrinks, code.FLICKERS_AND_DISAPPEARS),
        (flickers & settles, code.FLICKERS),
        (flickers, code.FLICKERS_AND_EXPLODES),
        (shrinks, code.DISAPPEARS),
        (settles, code.EQUILIBRIUM),
    )
