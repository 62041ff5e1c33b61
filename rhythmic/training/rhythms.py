"""Ladders as what a search varies: the fixed rhythms of each member, handed to one program."""

from collections.abc import Sequence

import equinox as eqx
import jax
import numpy as np

from rhythmic.cells import ResonantNodes, resonant_nodes
from rhythmic.cells.resonant_nodes import Poles
from rhythmic.theory import validate_ladder
from rhythmic.training.configuration import MemberRhythms, Members
from rhythmic.training.features import tabulated_motion
from rhythmic.training.state import Data
from rhythmic.typing import PyTree


def member_rhythms(
    ladders: Sequence[Sequence[float]],
    *,
    num_steps: int,
    sample_rate: float = 1000.0,
    pole_radius: float = 0.99999,
    poles: Poles = "complex",
) -> MemberRhythms:
    """Work out the constants of a ladder for each member, for ``Members.rhythms``.

    Args:
        ladders: frequencies in Hz, a row a member, all of one length.
        num_steps: length of the sequences, for the tables of free motion.
        sample_rate: samples a second, Hz.
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
    motions = [tabulated_motion(one, num_steps) for one in nodes]
    every = all(motion is not None for motion in motions)
    return MemberRhythms(stacked(nodes), stacked(motions) if every else None)


def stacked(trees: Sequence[PyTree]) -> PyTree:
    """Put trees of one structure together, with a leading axis ``member``."""
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(x) for x in leaves]), *trees)


def with_rhythms(fixed: PyTree, rhythms: MemberRhythms) -> PyTree:
    """Return the fixed part of a model with one member's rhythms in place of its own.

    Raises:
        ValueError: for a network without fixed rhythms, or of another number of nodes.
    """
    own = getattr(fixed.sole_cell, "nodes", None)
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


def own_data(data: Data, member: Members) -> Data:
    """Return ``data`` with one member's own free motion, where it has rhythms of its own.

    Raises:
        ValueError: if features were worked out for the rhythms of the network.
    """
    if member.rhythms is None:
        return data
    if data.features is not None:
        raise ValueError(
            "rhythms are given; without trained weights in the layer, features belong to one "
            "ladder: make a network of each"
        )
    if data.sparse is None:
        return data
    motion = member.rhythms.motion
    return data._replace(sparse=None if motion is None else (data.sparse[0], motion))
