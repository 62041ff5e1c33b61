"""Objectives of training and evaluation: losses and scores of four kinds of targets.

Outputs and targets come as items: of classes ``(class_, item)`` and ``(item,)``, of numbers
``(output, item)`` both. An item is a trial, or a step of one. What has weight 0 is padding or a
missing target and counts for nothing, NaN neither.

Source: textbook definitions; label smoothing of Szegedy et al., arXiv:1512.00567, section 7; Huber
(1964).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax

from rhythmic.indices import check_labels
from rhythmic.networks.network import Network
from rhythmic.networks.readouts import RunningStatistics
from rhythmic.training.problem import Problem
from rhythmic.training.state import Batch
from rhythmic.typing import AnyArray, Array, Float, Int, PyTree

LossName = Literal["cross_entropy", "squared", "huber"]
ScoreName = Literal["accuracy", "balanced_accuracy", "f1", "r2", "nrmse"]
OwnLoss = Callable[[Array, Array], Array]
Known = tuple[AnyArray, AnyArray | None]  # smoothing of labels, weights of classes

OF_CLASSES: tuple[ScoreName, ...] = ("accuracy", "balanced_accuracy", "f1")
OF_NUMBERS: tuple[ScoreName, ...] = ("r2", "nrmse")


class Items(NamedTuple):
    """Outputs to be scored: ``outputs``, ``targets`` and ``weights``, of one kind of shapes.

    ``(class_, item)``, ``(item,)`` and ``(item,)``; or ``(output, item)`` all three.
    """

    outputs: Array
    targets: Array
    weights: Array


class Sums(NamedTuple):
    """What scores are made of, summed over items.

    ``loss`` and ``weight`` are scalars, ``correct`` counts correct predictions, ``confusion`` is
    (true, predicted), and ``moments`` are n, sum of errors squared, sum and sum of squares of
    targets, ``(4, output)``; what does not apply has no entries.
    """

    loss: Float[Array, ""]
    weight: Float[Array, ""]
    correct: Float[Array, ""]
    confusion: Float[Array, "class_ class_"]
    moments: Float[Array, "4 output"]


def cross_entropy(
    logits: Float[Array, "class_ batch"],
    labels: Int[Array, " batch"],
    label_smoothing: Float[AnyArray, ""] | float = 0.0,
) -> Float[Array, " batch"]:
    """Return ``-sum_c q_c log softmax(logits)_c`` of each example.

    ``q`` puts ``label_smoothing / num_classes`` on every class and the rest on the target, the
    class in ``labels`` (Szegedy et al., arXiv:1512.00567, section 7).

    Raises:
        ValueError: for labels that are no whole numbers, or a known one that is no class.
    """
    num_classes = logits.shape[0]
    check_labels("labels", labels, num_classes)
    targets = optax.smooth_labels(jax.nn.one_hot(labels, num_classes), label_smoothing)
    return optax.softmax_cross_entropy(logits.T, targets.astype(logits.dtype))


def is_correct(
    logits: Float[Array, "class_ batch"], labels: Int[Array, " batch"]
) -> Float[Array, " batch"]:
    """Return one where the largest logit is the target's, zero elsewhere and for NaN logits."""
    finite = jnp.all(jnp.isfinite(logits), axis=0)
    return ((jnp.argmax(logits, axis=0) == labels) & finite).astype(logits.dtype)


def weighted_mean(
    values: Float[Array, "*batch"], weights: Float[Array, "*batch"]
) -> Float[Array, ""]:
    """Return ``sum(w v) / sum(w)``; what has weight zero, padding, counts for nothing, NaN too.

    Without any weight it is 0.
    """
    total = jnp.sum(weights)
    weighted = jnp.sum(jnp.where(weights > 0, values, 0) * weights)
    return weighted / jnp.where(total > 0, total, 1)


def item_losses(
    items: Items,
    loss: LossName | OwnLoss,
    *,
    smoothing: Float[AnyArray, ""] | float = 0.0,
    class_weights: Float[AnyArray, " class_"] | None = None,
) -> Array:
    """Return the loss of each item in the shape of its weights, finite where they are 0.

    Args:
        items: answers, with what they should be.
        loss: ``cross_entropy`` in nats; ``squared``, ``(o - t)^2``; ``huber``, half of it up to an
            error of 1 and linear beyond; or a function of one output and its target.
        smoothing: of class labels, see ``cross_entropy``.
        class_weights: factor on the loss of each class.
    """
    outputs, targets, weights = items
    counted = weights > 0
    if callable(loss):
        # Missing targets are NaN, and a weight of 0 would leave the gradient of NaN as it is.
        targets = jnp.where(counted, targets, 0)
        outputs = jnp.where(counted if targets.ndim == 2 else counted[None], outputs, 0)
        per_item = jnp.moveaxis(outputs, 0, -1), jnp.moveaxis(targets, 0, -1)
        losses = jax.vmap(loss)(*(per_item if targets.ndim == 2 else (per_item[0], targets)))
        return jnp.broadcast_to(losses, weights.shape)
    if loss == "cross_entropy":
        classes = jnp.where(counted, targets, 0)
        losses = cross_entropy(outputs, classes, smoothing)
        return losses if class_weights is None else losses * class_weights[classes]
    error = jnp.where(counted, outputs - jnp.where(counted, targets, 0), 0)
    if loss == "squared":
        return error**2
    size = jnp.abs(error)
    return jnp.where(size <= 1, error**2 / 2, size - 0.5)


def summed(items: Items, losses: Array, *, is_class: bool, with_confusion: bool) -> Sums:
    """Return what scores are made of.

    Args:
        items: answers, with what they should be.
        losses: of each, as ``item_losses`` gives them.
        is_class: whether targets are classes.
        with_confusion: whether classes are counted by true and predicted class.
    """
    outputs, targets, weights = items
    total = jnp.sum(jnp.where(weights > 0, losses, 0) * weights)
    none = jnp.zeros((0, 0), weights.dtype)
    if is_class:
        correct = jnp.sum(is_correct(outputs, targets) * weights)
        confusion = none
        if with_confusion:
            number = outputs.shape[0]
            true = jax.nn.one_hot(targets, number, dtype=weights.dtype) * weights[:, None]
            predicted = jax.nn.one_hot(jnp.argmax(outputs, axis=0), number, dtype=weights.dtype)
            confusion = true.T @ predicted
        return Sums(total, jnp.sum(weights), correct, confusion, jnp.zeros((4, 0), weights.dtype))
    counted = weights > 0
    known = jnp.where(counted, targets, 0)
    error = jnp.where(counted, outputs - known, 0)
    moments = [jnp.sum(x * weights, axis=1) for x in (1 + 0 * known, error**2, known, known**2)]
    zero = jnp.zeros((), weights.dtype)
    return Sums(total, jnp.sum(weights), zero, none, jnp.stack(moments))


def score_of(sums: Sums, score: ScoreName) -> Float[Array, ""]:
    """Return a score from sums over items.

    Args:
        sums: of all items.
        score: ``accuracy``, the fraction that is right; ``balanced_accuracy``, its mean over the
            classes that occur; ``f1``, the mean over them of ``2 tp / (2 tp + fp + fn)``; ``r2``,
            ``1 - sum e^2 / sum (t - mean)^2``; ``nrmse``, the root of the mean of ``e^2`` over the
            variance. Of several outputs the mean.
    """
    if score == "accuracy":
        return sums.correct / sums.weight
    if score in OF_CLASSES:
        hits, true, predicted = (
            jnp.diag(sums.confusion),
            jnp.sum(sums.confusion, axis=1),
            jnp.sum(sums.confusion, axis=0),
        )
        occurs = true > 0
        recall = hits / jnp.where(occurs, true, 1)
        f1 = 2 * hits / jnp.where(occurs, true + predicted, 1)
        values = recall if score == "balanced_accuracy" else f1
        return jnp.sum(jnp.where(occurs, values, 0)) / jnp.sum(occurs)
    number, errors, total, squares = sums.moments
    variation = squares - total**2 / number
    unexplained = errors / variation
    return jnp.mean(1 - unexplained if score == "r2" else jnp.sqrt(unexplained))


def better_is_higher(score: ScoreName) -> bool:
    """Return whether a higher ``score`` is better; of an error it is not."""
    return score != "nrmse"


def as_items(outputs: Array, targets: Array, weights: Array, *, is_class: bool) -> Items:
    """Return outputs at every step, time first, as items; those of whole trials as they are.

    Args:
        outputs: ``(output, batch)``, or ``(time, output, batch)``.
        targets: ``(batch,)`` or ``(time, batch)`` of classes, else in the shape of ``outputs``.
        weights: in the shape of ``targets``.
        is_class: whether targets are classes.
    """
    if outputs.ndim == 2:
        return Items(outputs, targets, weights)

    def joined(x: Array) -> Array:
        return jnp.moveaxis(x, 1, 0).reshape(x.shape[1], -1)

    if is_class:
        return Items(joined(outputs), targets.reshape(-1), weights.reshape(-1))
    return Items(joined(outputs), joined(targets), joined(weights))


def balanced_weights(targets: Int[Array, "..."], num_classes: int) -> Float[Array, " class_"]:
    """Return ``n / (num_classes n_c)`` of each class, 0 of one that does not occur.

    Args:
        targets: classes of any shape; below 0 where one is missing.
        num_classes: number of classes.
    """
    flat = targets.reshape(-1)
    counts = jnp.sum(jax.nn.one_hot(flat, num_classes), axis=0)
    return jnp.where(counts > 0, jnp.sum(counts) / (num_classes * jnp.maximum(counts, 1)), 0)


def added_up(sums: PyTree) -> PyTree:
    """Return sums of many batches, the first axis, added up."""
    return jax.tree.map(lambda x: jnp.sum(x, axis=0), sums)


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
    def of(
        cls, problem: Problem, loss: LossName | OwnLoss | None, score: ScoreName | None
    ) -> "Objective":
        """Return the objective of a problem; what is None goes by the kind of its targets."""
        is_class = problem.is_class
        loss = loss or ("cross_entropy" if is_class else "squared")
        return cls(problem, loss, score or ("accuracy" if is_class else "r2"))

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
        """Return the mean loss of a training batch; beside it what is kept.

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
        known: Known,
        *,
        with_confusion: bool = False,
    ) -> Sums:
        """Return the sums of a batch that is not trained on.

        Args:
            model: the network.
            outputs: of the network.
            batch: with the targets.
            known: smoothing of labels, and weights of classes.
            with_confusion: whether to count classes by true and predicted class.
        """
        items, losses = self._judged(model, outputs, batch, known)
        return self._sums(items, losses, with_confusion)

    def means(self, sums: Sums) -> tuple[Array, Array]:
        """Return mean loss and score, scalars, of sums over all items."""
        return sums.loss / sums.weight, score_of(sums, self.score)

    def _judged(
        self, model: Network, outputs: Array, batch: Batch, known: Known
    ) -> tuple[Items, Array]:
        """Return outputs as items, and the loss of each; numbers on the scale of the readout."""
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
