"""The three networks in plain torch, written from their equations and apart from this project.

Sequences are ``(time, batch, 1)``, the layout that torch's own layers prefer.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmarks.problem import (
    AMPLITUDE,
    ANGULAR_FREQUENCY,
    DAMPING,
    DROPOUT_RATE,
    HIDDEN_SIZE,
    NUM_CLASSES,
)


def rising(ratio: float, count: int) -> tuple[float, ...]:
    """Return frequencies in Hz from 2 Hz up, each ``ratio`` times the last."""
    return tuple(2.0 * ratio**k for k in range(count))


GOLDEN = rising(1.618, 11)
LINEAR = tuple(2.0 + k * (245.9 - 2.0) / 10 for k in range(11))


class ResonantLoop(nn.Module):
    """Resonant network (RRN), one Python iteration a step.

    ``x_t = u_t + w1 x_{t-1} + w2 x_{t-2} + W tanh(x_{t-1} u_t)``, and in the same iteration
    ``A_t^2 = x_t^2 + ((v_t + beta x_t) / omega)^2`` with ``v_t = (x_t - x_{t-1}) Fs``; batch
    normalisation of the mean ``A^2`` and a linear readout. Source: Kramer, arXiv:2506.17083.
    """

    w1: Tensor
    w2: Tensor
    omega: Tensor
    beta: Tensor

    def __init__(
        self,
        frequencies: tuple[float, ...] = GOLDEN,
        recurrence: bool = True,
        sample_rate: float = 1000.0,
        pole_radius: float = 0.99999,
    ):
        super().__init__()
        dt = 1.0 / sample_rate
        frequency = torch.tensor(frequencies, dtype=torch.float64)
        num_nodes = len(frequency)
        w1 = 2.0 * pole_radius * torch.cos(2.0 * math.pi * frequency * dt)
        w2 = torch.full_like(w1, -(pole_radius**2))
        self.register_buffer("w1", w1)
        self.register_buffer("w2", w2)
        self.register_buffer("omega", torch.sqrt((w1 + w2 - 1.0) / (w2 * dt**2)))
        self.register_buffer("beta", -(w1 + 2.0 * w2) / (2.0 * w2 * dt))
        self.sample_rate = sample_rate
        weights = torch.empty(num_nodes, num_nodes).uniform_(-0.3, 0.3)
        self.recurrent_weights = nn.Parameter(weights) if recurrence else None
        self.norm = nn.BatchNorm1d(num_nodes)
        self.linear = nn.Linear(num_nodes, NUM_CLASSES)

    def step(self, sample: Tensor, position: Tensor, previous: Tensor) -> Tensor:
        """Return the next position."""
        free = sample + self.w1 * position + self.w2 * previous
        if self.recurrent_weights is None:
            return free
        return free + torch.tanh(position * sample) @ self.recurrent_weights.T

    def squared_amplitude(self, position: Tensor, previous: Tensor) -> Tensor:
        """Return ``A^2`` of two successive positions, which may be whole sequences."""
        velocity = (position - previous) * self.sample_rate
        return position**2 + ((velocity + self.beta * position) / self.omega) ** 2

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits ``(batch, class)``."""
        position = previous = inputs.new_zeros(inputs.shape[1], len(self.w1))
        total = torch.zeros_like(position)
        for sample in inputs.unbind(0):
            position, previous = self.step(sample, position, previous), position
            total = total + self.squared_amplitude(position, previous)
        return self.linear(self.norm(total / len(inputs) + 1e-12))

    def constrain(self) -> None:
        """Set the diagonal of ``W`` back to zero, after an update."""
        if self.recurrent_weights is not None:
            with torch.no_grad():
                self.recurrent_weights.fill_diagonal_(0.0)


class ResonantLoopThenAmplitude(ResonantLoop):
    """The same network, with all positions stacked and their amplitude computed after the loop."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits ``(batch, class)``."""
        positions = [inputs.new_zeros(inputs.shape[1], len(self.w1))] * 2
        for sample in inputs.unbind(0):
            positions.append(self.step(sample, positions[-1], positions[-2]))
        path = torch.stack(positions[1:])
        features = self.squared_amplitude(path[1:], path[:-1]).mean(dim=0)
        return self.linear(self.norm(features + 1e-12))


class Rival(nn.Module):
    """A standard network: its mean output over time, layer norm, dropout and a linear readout."""

    def __init__(self, recurrent: nn.Module, hidden_size: int, dropout_rate: float = DROPOUT_RATE):
        super().__init__()
        self.recurrent = recurrent
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(dropout_rate)
        self.linear = nn.Linear(hidden_size, NUM_CLASSES)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits ``(batch, class)``."""
        mean = self.outputs(inputs).mean(dim=0)
        return self.linear(self.dropout(self.norm(mean)))

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)`` of torch's own layer."""
        return self.recurrent(inputs)[0]

    def constrain(self) -> None:
        """Leave the parameters as an update left them."""


class RivalLoop(Rival):
    """The same network from torch's own cell, one Python iteration a step."""

    def outputs(self, inputs: Tensor) -> Tensor:
        """Return the outputs ``(time, batch, hidden)`` of a cell that is stepped in a loop."""
        state, outputs = None, []
        for sample in inputs.unbind(0):
            state = self.recurrent(sample, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs)


class HornCell(nn.Module):
    """The step of a HORN; the state is position and velocity (Effenberger et al., PNAS 2025)."""

    def __init__(self, hidden_size: int):
        super().__init__()
        self.scale = 1.0 / math.sqrt(hidden_size)

        def draw(*shape: int, bound: float) -> nn.Parameter:
            return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))

        self.weight_ih = draw(hidden_size, 1, bound=1.0)
        self.weight_hh = draw(hidden_size, hidden_size, bound=self.scale)
        self.bias_ih = draw(hidden_size, bound=1.0)
        self.bias_hh = draw(hidden_size, bound=self.scale)

    def forward(self, sample: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """Return the next position and velocity."""
        if state is None:
            rest = sample.new_zeros(len(sample), len(self.bias_hh))
            state = (rest, rest)
        x, y = state
        recurrent = nn.functional.linear(y, self.weight_hh, self.bias_hh) * self.scale
        activity = nn.functional.linear(sample, self.weight_ih, self.bias_ih) + recurrent
        y = y + AMPLITUDE * torch.tanh(activity) - ANGULAR_FREQUENCY**2 * x - 2 * DAMPING * y
        return x + y, y


# What each network is compared with: the name in the table, and how to build it.
Makers = dict[str, Callable[[], ResonantLoop | Rival]]
MAKERS: dict[str, Makers] = {
    "rrn-golden": {
        "torch loop": ResonantLoop,
        "torch loop, amplitude after it": ResonantLoopThenAmplitude,
    },
    "rrn-golden-unconnected": {"torch loop": lambda: ResonantLoop(recurrence=False)},
    "rrn-log": {"torch loop": lambda: ResonantLoop(rising(2.718, 5))},
    "rrn-two": {"torch loop": lambda: ResonantLoop(rising(2.0, 7))},
    "rrn-linear": {"torch loop": lambda: ResonantLoop(LINEAR)},
    "rnn": {
        "torch.nn.RNN": lambda: Rival(nn.RNN(1, 11), 11),
        "torch loop": lambda: RivalLoop(nn.RNNCell(1, 11), 11),
    },
    "lstm": {
        "torch.nn.LSTM": lambda: Rival(nn.LSTM(1, 6), 6),
        "torch loop": lambda: RivalLoop(nn.LSTMCell(1, 6), 6),
    },
    "horn-like": {"torch loop": lambda: RivalLoop(HornCell(HIDDEN_SIZE), HIDDEN_SIZE)},
}


def project_name(name: str) -> str:
    """Return this project's name of a torch parameter."""
    head, _, rest = name.partition(".")
    if head == "norm":
        return {"weight": "readout.scale", "bias": "readout.shift"}[rest]
    if head == "linear":
        return f"readout.{rest}"
    return f"cell.{(rest or head).removesuffix('_l0')}"
