"""What has to be remembered: a symbol among distractors, asked for at the end.

Source: lecture, "RNN additional notes"; the task is the project's own.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.tasks.interface import AbstractTask, Batch, Kind, one_hot, scored
from rhythmic.typing import AnyArray, Int


@checked
class DelayedRecall(AbstractTask):
    """Recall at the end the symbol that a flag marked (lecture, "RNN additional notes").

    A symbol comes at every step but the last. At one of them, ``lag`` steps before the end, a flag
    says "store this"; all others are distractors. At the last step there is no symbol but a cue,
    and the network must recall the stored symbol. Inputs are the one-hot symbol, the store flag and
    the cue, ``num_symbols + 2`` components. The lag of each sequence is uniform between
    ``shortest_lag`` and ``longest_lag``. Chance is ``1 / num_symbols``.

    Args:
        shortest_lag: least number of steps from the stored symbol to the cue; may be an array,
            one entry per member.
        longest_lag: largest number of steps; may be an array. The time before the stored symbol
            is filled with distractors.
        num_steps: length of a sequence, above every lag.
        num_symbols: number of symbols, at least 2.
        distractor_share: fraction of the other steps that hold a distractor, in [0, 1]; the rest
            hold no symbol.
    """

    shortest_lag: Int[AnyArray, "*member"] | int
    longest_lag: Int[AnyArray, "*member"] | int
    num_steps: int = eqx.field(static=True, default=61)
    num_symbols: int = eqx.field(static=True, default=2)
    distractor_share: float = eqx.field(static=True, default=1.0)
    kind: Kind = eqx.field(static=True, default="classes", init=False)

    def __check_init__(self) -> None:
        if self.num_symbols < 2:
            raise ValueError(f"num_symbols is {self.num_symbols}; it must be at least 2")
        if not 0.0 <= self.distractor_share <= 1.0:
            raise ValueError(
                f"distractor_share is {self.distractor_share}; it must lie between 0 and 1"
            )
        lags = np.asarray(self.shortest_lag), np.asarray(self.longest_lag)
        for name, lag in zip(("shortest_lag", "longest_lag"), lags, strict=True):
            if np.any(lag < 1) or np.any(lag >= self.num_steps):
                allowed = f"between 1 and {self.num_steps - 1}, num_steps less one"
                raise ValueError(f"{name} is {lag}; it must lie {allowed}")
        if np.any(lags[0] > lags[1]):
            raise ValueError(f"shortest_lag is {lags[0]}; it must not exceed longest_lag {lags[1]}")

    @property
    def input_size(self) -> int:
        """One component per symbol, the store flag, the cue."""
        return self.num_symbols + 2

    @property
    def num_outputs(self) -> int:
        """Number of symbols."""
        return self.num_symbols

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw symbols, lags and, where distractors are rarer, when they come.

        Args:
            num_examples: number of sequences. The lags must be scalars here: members that differ
                in them are mapped over with ``jax.vmap``.
            key: source of the draws; equal keys give equal sequences.

        Returns:
            Inputs ``(num_steps, num_symbols + 2, num_examples)``, the stored symbol as the target
            of every step, ``(num_steps, num_examples)``, and weights of the same shape, one at
            the cue and zero before.
        """
        symbol_key, lag_key, distractor_key = jax.random.split(key, 3)
        shape = (self.num_steps, num_examples)
        symbols = jax.random.randint(symbol_key, shape, 0, self.num_symbols)
        lags = jax.random.randint(
            lag_key, (num_examples,), self.shortest_lag, jnp.asarray(self.longest_lag) + 1
        )
        steps = jnp.arange(self.num_steps)[:, None]
        stored, cued = steps == self.num_steps - 1 - lags, steps == self.num_steps - 1
        distracting = jax.random.bernoulli(distractor_key, self.distractor_share, shape)
        shown = (stored | distracting) & ~cued
        flags = jnp.stack([stored, jnp.broadcast_to(cued, shape)], axis=1)
        inputs = one_hot(symbols, self.num_symbols) * shown[:, None]
        inputs = jnp.concatenate([inputs, flags.astype(inputs.dtype)], axis=1)
        target = jnp.sum(jnp.where(stored, symbols, 0), axis=0)
        weights = scored(self.num_steps, self.num_steps - 1, num_examples)
        return Batch(inputs, jnp.broadcast_to(target, shape), weights)
