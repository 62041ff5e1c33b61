"""Ladders as hyperparameters: the fixed frequencies of each member, passed to one program."""

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np

from rhythmic.cells import ResonantNodes, resonant_nodes
from rhythmic.cells.resonant_nodes import Poles
from rhythmic.fast import FreeMotion, free_motion
from rhythmic.theory import validate_ladder
from rhythmic.training.configuration import MemberRhythms, Members
from rhythmic.typing import PyTree


def member_rhythms(
    ladders: Sequence[Sequence[float]],
    *,
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    poles: Poles = "complex",
) -> MemberRhythms:
    """Compute the constants of a ladder for each member, for ``Members.rhythms``.

    Args:
        ladders: frequencies in Hz, one row per member, all of one length.
        sample_rate: samples per second, Hz.
        pole_radius: modulus of every node's poles, in (0, 1).
        poles: as in ``resonant_nodes``.

    Raises:
        ValueError: for no ladders, ladders of different length, or a frequency out of range.
    """
    if not ladders:
        raise ValueError("ladders is empty; give one for each member")
    if len({len(ladder) for ladder in ladders}) > 1:
        raise ValueError("ladders differ in length; members of one program have as many nodes")
    nodes = [
        resonant_nodes(
            validate_ladder(np.asarray(ladder, np.float64), sample_rate),
            sample_rate=sample_rate,
            pole_radius=pole_radius,
            poles=poles,
        )
        for ladder in ladders
    ]
    return MemberRhythms(stacked(nodes))


def member_motions(rhythms: MemberRhythms, num_steps: int) -> FreeMotion:
    """Tabulate the free motion of each member's nodes, with a leading axis ``member``.

    Args:
        rhythms: of members; their nodes are underdamped.
        num_steps: length of the sequences.
    """
    numbers = range(len(rhythms.nodes.w1))
    rows = [jax.tree.map(lambda x, row=row: np.asarray(x)[row], rhythms.nodes) for row in numbers]
    return stacked([free_motion(nodes, num_steps) for nodes in rows])


def stacked(trees: Sequence[PyTree]) -> PyTree:
    """Put trees of one structure together, with a leading axis ``member``."""
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(x) for x in leaves]), *trees)


def with_rhythms(fixed: PyTree, rhythms: MemberRhythms) -> PyTree:
    """Return the fixed part of a model with one member's rhythms in place of its own.

    Raises:
        ValueError: for a network without fixed rhythms, or of another number of nodes.
    """
    own = getattr(fixed.layers[0].cell, "nodes", None) if len(fixed.layers) == 1 else None
    if not isinstance(own, ResonantNodes):
        raise ValueError("rhythms are given; this network has no fixed rhythms to replace")
    if own.w1.shape != rhythms.nodes.w1.shape:
        found, expected = rhythms.nodes.w1.shape[0], own.w1.shape[0]
        raise ValueError(f"rhythms are of {found} nodes; this network has {expected}")
    return eqx.tree_at(lambda model: model.layers[0].cell.nodes, fixed, rhythms.nodes)


def with_own_constants(fixed: PyTree, member: Members) -> PyTree:
    """Return the fixed part of a model with what one member has of its own in its place."""
    if member.rhythms is not None:
        fixed = with_rhythms(fixed, member.rhythms)
    own = {
        name: scaling
        for name in ("input_scaling", "output_scaling")
        if (scaling := getattr(member, name)) is not None
    }
    if not own:
        return fixed
    return eqx.tree_at(
        lambda model: [getattr(model, name) for name in own],
        fixed,
        list(own.values()),
        is_leaf=lambda x: x is None,
    )
