"""Torch's side, in a process of its own: whether it computes the same, and how long it takes."""

import functools
import time
from typing import Any

import numpy as np
import torch

from benchmarks.problem import (
    CLIP_NORM,
    LABEL_SMOOTHING,
    LEARNING_RATE,
    WEIGHT_DECAY,
    Differences,
    Problem,
    Reference,
)
from benchmarks.problem import differences as compared
from benchmarks.torch_models import MAKERS, project_name


class Training:
    """One torch network with its optimiser and the batch; every call of ``update`` is one step."""

    def __init__(self, problem: Problem, rival: str, dtype: torch.dtype = torch.float32):
        self.model = MAKERS[problem.model][rival]().to(dtype)
        pixels = torch.as_tensor(problem.images().T[:, :, None], dtype=dtype)
        self.inputs = (pixels / 255.0).contiguous()
        self.labels = torch.as_tensor(problem.labels(), dtype=torch.long)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )

    def load(self, parameters: dict[str, np.ndarray]) -> None:
        """Take start values by this project's names."""
        with torch.no_grad():
            for name, value in self.model.named_parameters():
                value.copy_(torch.tensor(parameters[project_name(name)]))

    def loss(self) -> torch.Tensor:
        """Return the mean cross-entropy of the batch."""
        return torch.nn.functional.cross_entropy(
            self.model(self.inputs), self.labels, label_smoothing=LABEL_SMOOTHING
        )

    def update(self) -> torch.Tensor:
        """Forward, backward, clip, AdamW."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP_NORM)
        self.optimizer.step()
        self.model.constrain()
        return loss


def differences(problem: Problem, rival: str, reference: Reference) -> Differences:
    """Compare loss and gradient, from the same start values and without dropout, in float64."""
    training = Training(problem, rival, torch.float64)
    for module in training.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    training.load(reference.parameters)
    loss = training.loss()
    loss.backward()
    gradient = {}
    for name, value in training.model.named_parameters():
        assert value.grad is not None
        gradient[project_name(name)] = value.grad.numpy()
    return compared(loss.item(), gradient, reference)


@functools.cache
def timed_training(problem: Problem, rival: str) -> Training:
    """Make the network that this process goes on training."""
    torch.manual_seed(0)
    training = Training(problem, rival)
    training.model.constrain()
    return training


def seconds_per_step(problem: Problem, rival: str, num_steps: int) -> float:
    """Time ``num_steps`` updates and return the mean.

    Raises:
        ValueError: if the loss is not finite, since such a network does not train.
    """
    training = timed_training(problem, rival)
    started = time.perf_counter()
    for _ in range(num_steps):
        loss = training.update()
    seconds = time.perf_counter() - started
    if not torch.isfinite(loss):
        raise ValueError(f"{problem.model} in torch ({rival}) has the loss {loss.item()}")
    return seconds / num_steps


def seconds_of_prediction(problem: Problem, rival: str, num_batches: int) -> float:
    """Time the logits of the batch, without gradients, and return the mean."""
    training = timed_training(problem, rival)
    training.model.eval()
    started = time.perf_counter()
    with torch.no_grad():
        for _ in range(num_batches):
            training.model(training.inputs)
    seconds = time.perf_counter() - started
    training.model.train()
    return seconds / num_batches


def set_threads(threads: int | None) -> None:
    """Compute with so many threads in this process; None leaves torch's own choice."""
    if threads is not None:
        torch.set_num_threads(threads)


def facts() -> dict[str, Any]:
    """Return torch's version and number of threads."""
    return {"torch": torch.__version__, "torch_threads": torch.get_num_threads()}
