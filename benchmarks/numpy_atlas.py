"""The atlas of the node with two weights in NumPy: by complex roots, by inequalities, by a loop."""

from collections.abc import Iterator

import numpy as np

from rhythmic.stability.atlas_simulation import OVERFLOW_THRESHOLD

STEPS_BETWEEN_LOOKS = 8
TINY = 2.0**-60
Arrays = dict[str, np.ndarray]


def blocks(w2: np.ndarray, num_columns: int, block_points: int) -> Iterator[slice]:
    """Cut the rows of a map into blocks of about so many points, which stay in the cache."""
    size = max(1, block_points // num_columns)
    return (slice(first, first + size) for first in range(0, len(w2), size))


def roots(w1: np.ndarray, w2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve z^2 = w1 z + w2 in complex numbers of the precision of the weights."""
    half_gap = np.sqrt((0.25 * w1 * w1 + w2).astype(np.result_type(w1, np.complex64)))
    half = 0.5 * w1
    return half + half_gap, half - half_gap


def regime_by_roots(w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """Classify by the moduli and signs of the roots; codes of `SecondOrderRegime`."""
    first, second = roots(w1, w2)
    radius = np.maximum(np.abs(first), np.abs(second))
    code = np.where(first.imag != 0, np.int8(8), np.int8(2))
    code[(first.imag == 0) & (second.real < 0)] = 5
    code += radius >= 1
    code += radius > 1
    return np.where(radius == 0, np.int8(1), code)


def rhythm_by_roots(w1: np.ndarray, w2: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Give frequency and decay time from the roots."""
    first, second = roots(w1, w2)
    radius = np.maximum(np.abs(first), np.abs(second))
    angle = np.angle(first)
    angle[first.imag == 0] = np.nan
    angle *= 1 / (2 * np.pi * dt)
    with np.errstate(divide="ignore"):
        return angle, -dt / np.log(radius)


def regime_by_inequalities(w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """Classify by the inequalities that `second_order_regime` uses; what it can, once an axis."""
    size, rest = np.abs(w1), 1 - w2
    reaching, settling = np.abs(w2) < 1, np.abs(w2) <= 1
    pair = w1 * w1 + 4 * w2 < 0
    code = ((w2 > 0) | (w1 < 0)).view(np.int8) * np.int8(3)
    np.copyto(code, np.int8(6), where=pair)
    code += 4
    shrinks = (size < rest) & reaching
    settles = ((size == rest) & settling) | (w2 == -1)
    settles &= size < 2
    code -= settles
    np.subtract(code, np.int8(2), out=code, where=shrinks)
    code[(w1 == 0) & (w2 == 0)] = 1
    return code


def simulate(
    w1: np.ndarray, w2: np.ndarray, num_steps: int, dt: float, *, drop_stopped: bool
) -> Arrays:
    """Run a block of nodes in a loop over time, with the reductions of `simulated_node`.

    Args:
        w1: weights of the block, one axis.
        w2: likewise.
        num_steps: steps of the run.
        dt: time step in s.
        drop_stopped: whether nodes beyond the threshold leave the arrays, or stay frozen in them.
    """
    nodes = np.arange(len(w1))
    kept = {name: np.zeros_like(w1) for name in ("now", "before")}
    kept |= {name: np.zeros(len(w1), np.int32) for name in ("changes", "below", "rescaled")}
    own = [w1, w2, np.ones_like(w1), np.zeros_like(w1)]
    own += [np.zeros(len(w1), np.int32) for _ in range(3)]

    def keep(which: np.ndarray) -> None:
        for name, values in zip(kept, own[2:], strict=True):
            kept[name][nodes[which]] = values[which]

    running = np.ones(len(w1), bool)
    stopped = np.zeros(len(w1), bool)
    for step in range(0, num_steps, STEPS_BETWEEN_LOOKS):
        some_steps(own, running, min(STEPS_BETWEEN_LOOKS, num_steps - step))
        ended = ~running & ~stopped
        if np.any(ended):
            keep(ended)
            stopped |= ended
            if drop_stopped and np.count_nonzero(stopped) > 0.1 * len(nodes):
                nodes, running = nodes[~stopped], running[~stopped]
                own = [values[~stopped] for values in own]
                stopped = np.zeros(len(nodes), bool)
            else:  # what is frozen goes on from rest, so that it stays finite
                own[2][stopped] = own[3][stopped] = 0
    keep(~stopped)
    return read(w1, w2, kept, num_steps, dt)


def some_steps(own: list[np.ndarray], running: np.ndarray, count: int) -> None:
    """Run some steps in place."""
    w1, w2, now, before, changes, below, rescaled = own
    product, sign = np.empty_like(now), np.empty(len(now), bool)
    negative, last_negative = np.empty(len(now), bool), now < 0
    tiny = np.maximum(np.abs(now), np.abs(before)) < TINY
    tiny &= running
    if np.any(tiny):
        now[tiny] *= 1 / TINY
        before[tiny] *= 1 / TINY
        rescaled += tiny
    for _ in range(count):
        np.multiply(w2, before, out=before)
        np.multiply(w1, now, out=product)
        np.add(before, product, out=before)
        now, before = before, now
        np.less(now, 0, out=negative)
        np.not_equal(negative, last_negative, out=sign)
        np.add(changes, sign, out=changes)
        np.abs(now, out=product)
        np.less_equal(product, OVERFLOW_THRESHOLD, out=sign)
        np.logical_and(running, sign, out=running)
        np.add(below, running, out=below)
        negative, last_negative = last_negative, negative
    own[2], own[3] = now, before


def read(w1: np.ndarray, w2: np.ndarray, kept: Arrays, num_steps: int, dt: float) -> Arrays:
    """Read regime, frequency and growth rate off the ends, as `atlas_simulation` explains."""
    now, before, changes, below, rescaled = kept.values()
    real = w1.dtype.type
    overflowed = below < num_steps
    looked = (below // STEPS_BETWEEN_LOOKS + 1) * STEPS_BETWEEN_LOOKS
    steps = np.where(overflowed, np.minimum(looked, num_steps), num_steps)
    swings = w2 > 2 * np.finfo(w1.dtype).eps * w1 * w1
    pair = ~swings & (changes > 0) & (changes < steps)
    size = np.maximum(np.abs(now), np.abs(before))
    scaled = np.where(size > 0, size, real(1))
    now, before = now / scaled, before / scaled
    first = w1 * now + w2 * before
    second = w1 * first + w2 * now
    with np.errstate(divide="ignore", invalid="ignore"):
        area = now * now - first * before
        of_pair = np.log(scaled) + real(np.log(TINY)) * rescaled.astype(real)
        of_pair = (of_pair + real(0.5) * np.log(np.where(area > 0, area, real(1)))) / steps
        at_end = (second * second + first * first) / (now * now + before * before)
        rate = np.where(pair, of_pair, real(0.25) * np.log(at_end)).astype(w1.dtype)
        angle = angle_a_step(now, before, changes, steps, np.exp(of_pair).astype(w1.dtype))
    gone = (w1 == 0) & (w2 == 0)
    rate[gone | (size == 0)] = -np.inf
    kind = np.where(pair, 8, np.where(swings | (changes == steps), 5, 2))
    change = rate * steps
    stage = np.where(overflowed | (change >= 1), 2, np.where(change <= -1, 0, 1))
    return {
        "regime": np.where(gone, 1, kind + stage).astype(np.int8),
        "frequency": np.where(pair, angle / real(2 * np.pi * dt), real(np.nan)),
        "growth_rate": rate / real(dt),
        "overflow_step": np.where(overflowed, below + 1, -1).astype(np.int32),
    }


def angle_a_step(
    now: np.ndarray, before: np.ndarray, changes: np.ndarray, steps: np.ndarray, radius: np.ndarray
) -> np.ndarray:
    """Solve for the angle a step of pairs, as `atlas_simulation` does."""
    total = (steps + 1).astype(now.dtype)
    turned = now.dtype.type(np.pi) * changes.astype(now.dtype)
    size, signed = np.abs(now), np.where(now < 0, -radius, radius) * before
    angle = (turned + now.dtype.type(0.5 * np.pi)) / total
    for _ in range(3):
        height, base = size * np.sin(angle), size * np.cos(angle) - signed
        slope = (size * np.cos(angle) * base + height * height) / (base * base + height * height)
        angle = angle + (turned + np.arctan2(height, base) - total * angle) / (total - slope)
    return angle
