"""What has to be stored: two numbers to add, a sequence to copy, at a lag that can be swept.

Source: Hochreiter and Schmidhuber (1997), adding; Arjovsky, Shah and Bengio, arXiv:1511.06464,
copying.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from rhythmic.arguments import checked
from rhythmic.tasks._checks import check_lag
from rhythmic.tasks.interface import AbstractTask, Batch, Kind, one_hot, scored
from rhythmic.typing import AnyArray, Int


@checked
class Adding(AbstractTask):
    """Add two marked numbers of a sequence (Hochreiter and Schmidhuber, 1997).

    At every step comes a number uniform between 0 and 1, and beside it a marker that is one at two
    steps and else zero. At the last step the target is the sum of the two marked numbers. Both lie
    among the ``lag`` steps before the last: one uniform in the first half of them (``lag // 2``
    steps), one uniform in the other half. With ``lag = num_steps - 1`` this is the task as
    Arjovsky, Shah and Bengio pose it (arXiv:1511.06464), but for the last step, which is never
    marked. A smaller lag brings the numbers closer to the answer; the numbers before them only
    distract, and the length of the sequence stays.

    Args:
        lag: steps before the last among which the marked ones lie, from 2 to ``num_steps - 1``;
            may be an array, one entry per member.
        num_steps: length of a sequence, at least 3.
    """

    lag: Int[AnyArray, "*member"] | int
    num_steps: int = eqx.field(static=True, default=61)
    kind: Kind = eqx.field(static=True, default="values", init=False)

    def __check_init__(self) -> None:
        if self.num_steps < 3:
            raise ValueError(f"num_steps is {self.num_steps}; it must be at least 3")
        check_lag(self.lag, 2, self.num_steps - 1, "num_steps less one")

    @property
    def input_size(self) -> int:
        """The number and the marker."""
        return 2

    @property
    def num_outputs(self) -> int:
        """The sum."""
        return 1

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw the numbers and the places of the markers.

        Args:
            num_examples: number of sequences. The lag must be a scalar here: members that differ
                in it are mapped over with ``jax.vmap``.
            key: source of the draws; equal keys give equal sequences.

        Returns:
            Inputs ``(num_steps, 2, num_examples)``, the sum as the target of every step,
            ``(num_steps, 1, num_examples)``, and weights that are one at the last step alone.
        """
        number_key, first_key, second_key = jax.random.split(key, 3)
        numbers = jax.random.uniform(
            number_key, (self.num_steps, num_examples), jnp.zeros(()).dtype
        )
        lag = jnp.asarray(self.lag)
        start, half = self.num_steps - 1 - lag, lag // 2
        first = start + jax.random.randint(first_key, (num_examples,), 0, half)
        second = start + jax.random.randint(second_key, (num_examples,), half, lag)
        steps = jnp.arange(self.num_steps)[:, None]
        markers = ((steps == first) | (steps == second)).astype(numbers.dtype)
        total = jnp.sum(numbers * markers, axis=0)
        return Batch(
            jnp.stack([numbers, markers], axis=1),
            jnp.broadcast_to(total, (self.num_steps, 1, num_examples)),
            scored(self.num_steps, self.num_steps - 1, num_examples),
        )

    def best_error(self, num_remembered: int = 0) -> float:
        """Return the least normalised squared error from that many of the marked numbers.

        ``1 - num_remembered / 2``: the numbers are independent, each of variance 1/12. With none
        the best answer is 1, their mean sum, with error 1 (mean squared error 1/6); one gives 1/2.

        Raises:
            ValueError: unless 0, 1 or 2 numbers are remembered.
        """
        if num_remembered not in (0, 1, 2):
            raise ValueError(f"num_remembered is {num_remembered}; it must be 0, 1 or 2")
        return 1.0 - num_remembered / 2


@checked
class Copying(AbstractTask):
    """Repeat a sequence of symbols after a lag (Arjovsky, Shah and Bengio, arXiv:1511.06464).

    ``length`` symbols come one by one, then nothing for ``lag`` steps, at the last of which there
    is a cue; in the last ``length`` steps, without any input, the network must reproduce the
    symbols in their order. From a symbol to its own answer are ``length + lag`` steps. The sequence
    starts at step ``num_steps - lag - 2 length``, with nothing before it, so that the answer takes
    the same steps at every lag. Inputs are the one-hot symbol and the cue, ``num_symbols + 1``
    components; only the answer is scored.

    Args:
        lag: steps from the last symbol to the first answer, less one: those between them, from
            1 to ``num_steps - 2 length``; may be an array, one entry per member.
        num_steps: steps in all.
        length: symbols of a sequence, at least 1.
        num_symbols: number of different symbols, at least 2.
    """

    lag: Int[AnyArray, "*member"] | int
    num_steps: int = eqx.field(static=True, default=60)
    length: int = eqx.field(static=True, default=10)
    num_symbols: int = eqx.field(static=True, default=8)
    kind: Kind = eqx.field(static=True, default="classes", init=False)

    def __check_init__(self) -> None:
        if self.num_symbols < 2:
            raise ValueError(f"num_symbols is {self.num_symbols}; it must be at least 2")
        if self.length < 1:
            raise ValueError(f"length is {self.length}; it must be at least 1")
        if self.num_steps <= 2 * self.length:
            raise ValueError(
                f"num_steps is {self.num_steps}; it must exceed {2 * self.length}, twice the length"
            )
        largest = self.num_steps - 2 * self.length
        check_lag(self.lag, 1, largest, "num_steps less twice the length")

    @property
    def input_size(self) -> int:
        """One component per symbol, and the cue."""
        return self.num_symbols + 1

    @property
    def num_outputs(self) -> int:
        """Number of symbols."""
        return self.num_symbols

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw the symbols.

        Args:
            num_examples: number of sequences. The lag must be a scalar here: members that differ
                in it are mapped over with ``jax.vmap``.
            key: source of the draws; equal keys give equal sequences, the same at every lag.

        Returns:
            Inputs ``(num_steps, num_symbols + 1, num_examples)``, targets
            ``(num_steps, num_examples)`` and weights of the same shape, one at the last
            ``length`` steps; earlier targets are 0 and mean nothing.
        """
        symbols = jax.random.randint(key, (self.length, num_examples), 0, self.num_symbols)
        lag = jnp.asarray(self.lag)
        place = jnp.arange(self.num_steps) - (self.num_steps - lag - 2 * self.length)
        shown = (place >= 0) & (place < self.length)
        cued = place == self.length + lag - 1
        at_every_step = symbols[jnp.clip(place, 0, self.length - 1)]
        inputs = one_hot(at_every_step, self.num_symbols) * shown[:, None, None]
        cue = jnp.broadcast_to(cued[:, None, None], (self.num_steps, 1, num_examples))
        before = jnp.zeros((self.num_steps - self.length, num_examples), symbols.dtype)
        return Batch(
            jnp.concatenate([inputs, cue.astype(inputs.dtype)], axis=1),
            jnp.concatenate([before, symbols]),
            scored(self.num_steps, self.num_steps - self.length, num_examples),
        )

    def best_accuracy(self, num_remembered: int = 0) -> float:
        """Return the best accuracy that ``num_remembered`` symbols of the sequence allow.

        ``(m + (length - m) / num_symbols) / length``: the symbols are independent, so the others
        are guessed. With none it is chance, ``1 / num_symbols``.

        Raises:
            ValueError: unless from 0 to ``length`` symbols are remembered.
        """
        if not 0 <= num_remembered <= self.length:
            allowed = f"between 0 and {self.length}, the length"
            raise ValueError(f"num_remembered is {num_remembered}; it must lie {allowed}")
        guessed = (self.length - num_remembered) / self.num_symbols
        return (num_remembered + guessed) / self.length
