"""How the answers of a network are judged: by the loss that is minimised, and by a score."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from rhythmic.networks.network import Network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.training.batches import Batch
from rhythmic.training.configuration import Members, TrainingConfiguration
from rhythmic.training.losses import weighted_mean
from rhythmic.training.objectives import (
    OF_CLASSES,
    Items,
    LossName,
    OwnLoss,
    ScoreName,
    Sums,
    as_items,
    item_losses,
    score_of,
    summed,
)
from rhythmic.training.problem import Problem
from rhythmic.typing import AnyArray, Array

Known = tuple[AnyArray, AnyArray | None]  # smoothing of labels, weights of classes


@dataclass(frozen=True)
class Objective:
    """The loss and the score of a problem, as a recipe names them or as the kind of targets has it.

    Args:
        problem: what is trained for.
        loss: what is minimised.
        score: what epochs and networks are chosen by.
    """

    problem: Problem
    loss: LossName | OwnLoss
    score: ScoreName

    @classmethod
    def of(cls, configuration: TrainingConfiguration, problem: Problem) -> "Objective":
        """Return the objective of a recipe for a problem."""
        is_class = problem.is_class
        loss = configuration.loss
        if loss is None:
            loss = "cross_entropy" if is_class else "squared"
        return cls(problem, loss, configuration.score or ("accuracy" if is_class else "r2"))

    def of_training(
        self,
        model: Network,
        features: Array,
        batch: Batch,
        statistics: RunningStatistics,
        known: Known,
        *,
        key: jax.Array,
    ) -> tuple[Array, tuple[RunningStatistics, Sums]]:
        """Return the mean loss of the answers to a training batch; beside it what is kept.

        Args:
            model: the network.
            features: of the batch, ``(hidden, batch)`` or ``(time, hidden, batch)``.
            batch: with its targets.
            statistics: of the readout, so far; their update is returned with the sums.
            known: smoothing of labels, and weights of classes.
            key: of the readout's dropout.
        """
        per_step = features.ndim == 3
        if per_step:
            features = jnp.moveaxis(features, 1, 0).reshape(features.shape[1], -1)
        counted = batch.weights if self.problem.is_class else jnp.max(batch.weights, axis=-2)
        outputs, statistics = model.readout.train_on_finite(
            features, statistics, counted.reshape(-1), key=key
        )
        if per_step:
            outputs = jnp.moveaxis(outputs.reshape(len(outputs), *counted.shape), 0, 1)
        items, losses = self._judged(model, outputs, batch, known)
        return weighted_mean(losses, items.weights), (statistics, self._sums(items, losses, False))

    def of_test(
        self,
        model: Network,
        outputs: Array,
        batch: Batch,
        member: Members,
        *,
        with_confusion: bool = False,
    ) -> Sums:
        """Return the sums of a batch that is not trained on.

        Args:
            model: the network.
            outputs: its answers.
            batch: with the targets.
            member: whose smoothing and weights of classes count.
            with_confusion: whether to count classes by true and predicted class.
        """
        known = (member.hyperparameters.label_smoothing, member.class_weights)
        items, losses = self._judged(model, outputs, batch, known)
        return self._sums(items, losses, with_confusion)

    def means(self, sums: Sums) -> tuple[Array, Array]:
        """Return mean loss and score, scalars, of sums over all items."""
        return sums.loss / sums.weight, score_of(sums, self.score)

    def _judged(
        self, model: Network, outputs: Array, batch: Batch, known: Known
    ) -> tuple[Items, Array]:
        """Return answers as items, and the loss of each; numbers on the scale of the readout."""
        targets = batch.targets
        if model.output_scaling is not None:
            scaling = jax.lax.stop_gradient(model.output_scaling)
            targets = (targets - scaling.mean[:, None]) / scaling.deviation[:, None]
        items = as_items(outputs, targets, batch.weights, is_class=self.problem.is_class)
        smoothing, class_weights = known
        losses = item_losses(items, self.loss, smoothing=smoothing, class_weights=class_weights)
        return items, losses

    def _sums(self, items: Items, losses: Array, with_confusion: bool) -> Sums:
        """Return what the score of items is made of."""
        needed = self.score in OF_CLASSES[1:] or with_confusion
        return summed(items, losses, is_class=self.problem.is_class, with_confusion=needed)
