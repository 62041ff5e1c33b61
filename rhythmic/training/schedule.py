"""AdamW by the one-cycle schedule: the learning rate up and down, the momentum down and up.

Source: Smith and Topin, arXiv:1708.07120; the two-cosine form and its constants are torch's
``OneCycleLR``, which the published runs used.
"""

import jax.numpy as jnp
import optax

from rhythmic.training.configuration import Hyperparameters, TrainingConfiguration
from rhythmic.typing import AnyArray, Array, Float, Int


def one_cycle(
    step: Int[Array, ""],
    num_steps: int,
    *,
    start: Float[AnyArray, ""] | float,
    peak: Float[AnyArray, ""] | float,
    end: Float[AnyArray, ""] | float,
    rising_share: float = 0.15,
) -> Float[Array, ""]:
    """Follow half a cosine from ``start`` to ``peak``, then another from ``peak`` to ``end``.

    The peak is at step ``rising_share * num_steps - 1``, the end at ``num_steps - 1``, both counted
    from 0.

    Args:
        step: index of the update, from 0.
        num_steps: number of updates in all.
        start: value at step 0.
        peak: value at the turning point.
        end: value at the last step.
        rising_share: fraction of the steps before the peak.
    """
    turning = rising_share * num_steps - 1
    rising = step / turning
    falling = (step - turning) / (num_steps - 1 - turning)
    return jnp.where(
        step <= turning, half_cosine(start, peak, rising), half_cosine(peak, end, falling)
    )


def half_cosine(
    start: Float[AnyArray, ""] | float, end: Float[AnyArray, ""] | float, progress: Float[Array, ""]
) -> Float[Array, ""]:
    """Go from ``start`` to ``end`` as ``progress`` goes from 0 to 1, level at both."""
    return jnp.asarray(end) + (start - end) * (1 + jnp.cos(jnp.pi * progress)) / 2


def learning_rate_at(
    step: Int[Array, ""], num_steps: int, peak: Float[AnyArray, ""], rising_share: float = 0.15
) -> Float[Array, ""]:
    """Return the learning rate of one update: ``peak / 25``, ``peak``, ``peak / 250000``.

    Args:
        step: index of the update, from 0.
        num_steps: number of updates in all.
        peak: the largest rate.
        rising_share: fraction of the updates before it.
    """
    start = peak / 25
    return one_cycle(
        step, num_steps, start=start, peak=peak, end=start / 1e4, rising_share=rising_share
    )


def momentum_at(
    step: Int[Array, ""], num_steps: int, rising_share: float = 0.15
) -> Float[Array, ""]:
    """Return Adam's beta1 of one update: 0.95 at the ends, 0.85 where the rate peaks.

    Arguments are those of ``learning_rate_at``: ``step``, ``num_steps`` and ``rising_share``.
    """
    return one_cycle(step, num_steps, start=0.95, peak=0.85, end=0.95, rising_share=rising_share)


def optimizer_at(
    configuration: TrainingConfiguration,
    hyperparameters: Hyperparameters,
    step: Int[Array, ""],
    num_steps: int,
) -> optax.GradientTransformation:
    """Return the recipe's optimiser: the one it names, or AdamW with its state of one update.

    Arguments are those of ``adamw_at``: ``configuration``, ``hyperparameters``, ``step`` and
    ``num_steps``.
    """
    if configuration.optimizer is not None:
        return configuration.optimizer
    return adamw_at(configuration, hyperparameters, step, num_steps)


def adamw_at(
    configuration: TrainingConfiguration,
    hyperparameters: Hyperparameters,
    step: Int[Array, ""],
    num_steps: int,
) -> optax.GradientTransformation:
    """Return AdamW for one update: rate and momentum follow the schedule.

    Decay is decoupled, ``learning_rate_now * weight_decay`` on every parameter (Loshchilov and
    Hutter, arXiv:1711.05101); the global norm of the gradient is clipped first.
    """
    share = configuration.rising_share
    rate = hyperparameters.learning_rate
    if configuration.schedule == "one_cycle":
        rate = learning_rate_at(step, num_steps, rate, share)
    cycled = configuration.momentum == "cycled"
    momentum = momentum_at(step, num_steps, share) if cycled else 0.9
    return optax.chain(
        optax.clip_by_global_norm(configuration.clip_norm),
        optax.scale_by_adam(b1=momentum, b2=0.999, eps=1e-8),
        optax.add_decayed_weights(hyperparameters.weight_decay),
        optax.scale_by_learning_rate(rate),
    )
