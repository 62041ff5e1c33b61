"""The least arithmetic of a training step, counted from the equations.

Counted are multiply-adds, each two operations, and hyperbolic tangents, each a rational function
of about ten multiply-adds (a sigmoid is one too). Of the backward pass: the adjoint equations and
the weight gradients; nothing that the forward pass knew is counted again. Additions alone, readout
and optimiser are left out, below a hundredth in all but the shortest sequences. Divided by the
measured peak of a core this is a bound from below on the time of a step.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.problem import Problem

TANH = 10  # multiply-adds


@dataclass(frozen=True)
class StepCount:
    """Multiply-adds and hyperbolic tangents of one step of one sequence, forward and backward."""

    multiply_adds: int
    tanh: int

    @property
    def operations(self) -> int:
        """Floating-point operations."""
        return 2 * (self.multiply_adds + TANH * self.tanh)


def resonant(nodes: int) -> StepCount:
    """Count a step of the RRN.

    Forward, a node: ``W tanh(.)`` n, ``w1, w2`` 2, ``x u`` 1, ``A^2`` 4. Backward: ``W^T`` n,
    gradient of ``W`` n, ``w1, w2`` 2, slope of the tanh 3, slope of ``A^2`` 3.
    """
    return StepCount(nodes * (3 * nodes + 15), nodes)


def resonant_event(nodes: int) -> StepCount:
    """Count a step of the RRN from one nonzero pixel to the next.

    Forward, a node: ``W tanh(.)`` n, its argument 2, rotation 4, summed amplitude 8. Backward:
    ``W^T`` n, gradient of ``W`` n, rotation there and back 8, slope of the tanh 4, of the summed
    amplitude 8.
    """
    return StepCount(nodes * (3 * nodes + 34), nodes)


def elman(nodes: int) -> StepCount:
    """Count a step of the RNN: weights 3 n and 2 for the input, slope of the tanh 2, a node."""
    return StepCount(nodes * (3 * nodes + 4), nodes)


def lstm(nodes: int) -> StepCount:
    """Count a step of the LSTM.

    A node: four rows of weights, 3 n each and 2 for the input; forward ``c`` 2, ``h`` 1, sigmoids
    3; backward 4 slopes of 2, and ``dL/dc`` 3.
    """
    return StepCount(nodes * (12 * nodes + 8 + 17), 5 * nodes)


def horn(nodes: int) -> StepCount:
    """Count a step of the HORN: weights 3 n and 2 for the input, forward 4, backward 6, a node."""
    return StepCount(nodes * (3 * nodes + 12), nodes)


STEPS = {
    "rrn-golden": resonant(11),
    "rnn": elman(11),
    "lstm": lstm(6),
    "horn-like": horn(256),
}


def operations(problem: Problem) -> float:
    """Return the operations of a training step that takes every time step."""
    return STEPS[problem.model].operations * problem.batch_size * problem.time_steps


def operations_at_events(problem: Problem) -> float | None:
    """Return the operations of a training step from nonzero pixel to nonzero pixel; RRN alone."""
    if problem.model != "rrn-golden":
        return None
    nonzero = float(np.count_nonzero(problem.pool(), axis=1).mean())
    return resonant_event(11).operations * problem.batch_size * nonzero
