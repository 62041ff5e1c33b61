"""What happens next: the next word of a phrase, the next value of a series.

Source: lecture, "When is this useful?".
"""

from collections import Counter, defaultdict

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from rhythmic.arguments import checked
from rhythmic.indices import check_indices
from rhythmic.tasks.interface import AbstractTask, Batch, Kind, check_steps, one_hot, scored
from rhythmic.typing import Array, Int


@checked
class NextWord(AbstractTask):
    """Predict the next word of a repeated phrase (lecture, "When is this useful?").

    A sequence starts at a random word of the phrase. Inputs are one-hot words, targets the words
    that follow. In "we will we will rock you" the word after "will" is "we" or "rock": the present
    word does not determine which.

    Args:
        phrase: words, set apart by spaces; after the last one comes the first.
        num_steps: length of a sequence, words.
        num_unscored: first steps that do not count, at which the place in the phrase is still
            ambiguous.
    """

    phrase: str = eqx.field(static=True, default="we will we will rock you")
    num_steps: int = eqx.field(static=True, default=24)
    num_unscored: int = eqx.field(static=True, default=6)
    kind: Kind = eqx.field(static=True, default="classes", init=False)

    def __check_init__(self) -> None:
        if len(self.vocabulary) < 2:
            raise ValueError(f"phrase is {self.phrase!r}; it needs at least two different words")
        check_steps(self.num_steps, self.num_unscored)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words, in the order of their first appearance; the order of classes."""
        return tuple(dict.fromkeys(self.phrase.split()))

    @property
    def word_numbers(self) -> tuple[int, ...]:
        """The phrase as class indices."""
        return tuple(self.vocabulary.index(word) for word in self.phrase.split())

    @property
    def input_size(self) -> int:
        """Words in the vocabulary."""
        return len(self.vocabulary)

    @property
    def num_outputs(self) -> int:
        """Words in the vocabulary."""
        return len(self.vocabulary)

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw the word at which each sequence starts."""
        starts = jax.random.randint(key, (num_examples,), 0, len(self.word_numbers))
        return self.sequences_from(starts)

    def sequences_from(self, starts: Int[Array, " batch"]) -> Batch:
        """Return the sequences that begin at the given places of the phrase, counted from 0.

        Raises:
            ValueError: for a known place that the phrase does not have.
        """
        check_indices("starts", starts, len(self.word_numbers), "words in the phrase")
        places = (starts + jnp.arange(self.num_steps + 1)[:, None]) % len(self.word_numbers)
        words = jnp.asarray(self.word_numbers)[places]
        inputs = one_hot(words[:-1], self.input_size)
        weights = scored(self.num_steps, self.num_unscored, starts.shape[0])
        return Batch(inputs, words[1:], weights)

    def best_accuracy(self, num_words: int = 1) -> float:
        """Return the largest fraction of next words predictable from the last ``num_words`` words.

        ``sum over contexts of max_w n(context, w) / length``, with ``n`` counted over one turn of
        the phrase. ``num_words=1`` is the present word alone.
        """
        words = self.phrase.split()
        followers: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for place in range(len(words)):
            context = tuple(words[(place - back) % len(words)] for back in range(num_words))
            followers[context][words[(place + 1) % len(words)]] += 1
        return sum(max(counts.values()) for counts in followers.values()) / len(words)


@checked
class NextValue(AbstractTask):
    """Predict the next value of a sum of sines (lecture, "When is this useful?").

    ``x_k = sum_j sin(2 pi f_j k dt + p_j)`` with phases ``p_j`` uniform on a turn, drawn afresh for
    each sequence; the input is ``x_k``, the target ``x_{k+1}``. The present value does not
    determine whether the curve rises or falls.

    Args:
        frequencies: ``f_j`` in Hz, each between 0 and half the sample rate.
        sample_rate: ``1 / dt``, values per second, Hz.
        num_steps: length of a sequence, values.
        num_unscored: first steps that do not count.
    """

    frequencies: tuple[float, ...] = eqx.field(static=True, default=(10.0, 16.0))
    sample_rate: float = eqx.field(static=True, default=100.0)
    num_steps: int = eqx.field(static=True, default=60)
    num_unscored: int = eqx.field(static=True, default=10)
    kind: Kind = eqx.field(static=True, default="values", init=False)

    def __check_init__(self) -> None:
        if not 0.0 < self.sample_rate < float("inf"):
            raise ValueError(f"sample_rate is {self.sample_rate}; it must be above 0 and finite")
        for frequency in self.frequencies:
            if not 0.0 < frequency < self.sample_rate / 2:
                allowed = f"between 0 and {self.sample_rate / 2:g} Hz, half the sample rate"
                raise ValueError(f"frequencies holds {frequency}; each must lie {allowed}")
        if len(set(self.frequencies)) < max(1, len(self.frequencies)):
            raise ValueError(f"frequencies is {self.frequencies}; give one or more, all different")
        check_steps(self.num_steps, self.num_unscored)

    @property
    def input_size(self) -> int:
        """One value."""
        return 1

    @property
    def num_outputs(self) -> int:
        """One value."""
        return 1

    def sample(self, num_examples: int, *, key: jax.Array) -> Batch:
        """Draw the phases."""
        turns = np.outer(np.arange(self.num_steps + 1) / self.sample_rate, self.frequencies)
        phases = jax.random.uniform(
            key, (len(self.frequencies), num_examples), dtype=jnp.zeros(()).dtype
        )
        # Whole turns are taken off in float64, so that late values are as exact as early ones.
        angles = 2 * jnp.pi * (jnp.asarray(turns % 1.0, phases.dtype)[:, :, None] + phases)
        values = jnp.sum(jnp.sin(angles), axis=1, keepdims=True)
        weights = scored(self.num_steps, self.num_unscored, num_examples)
        return Batch(values[:-1], values[1:], weights)

    def present_value_error(self) -> float:
        """Return the least normalised squared error of a prediction from the present value alone.

        ``E[x_{k+1} | x_k] = rho x_k`` with ``rho = mean_j cos(2 pi f_j dt)``, since a rising and a
        falling wave are equally likely and, the amplitudes being equal, all waves have the same
        share in a value; the error is ``1 - rho^2``. It holds for phases that are independent.
        """
        turns = np.asarray(self.frequencies) / self.sample_rate
        return float(1.0 - np.mean(np.cos(2 * np.pi * turns)) ** 2)
