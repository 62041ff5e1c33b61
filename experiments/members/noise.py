"""How well tested networks read their test examples when noise is added."""

from collections.abc import Sequence

import jax
import numpy as np

from experiments.members.condition import Condition
from rhythmic.data.images import noisy
from rhythmic.training import Data, GroupTraining, Members, TrainingState
from rhythmic.typing import AnyArray

# Of the noise on test examples, the same for every network, seed and question.
NOISE_SEED = 65_537


class NoisyTest:
    """Tests of one program's members on noisy copies of their test examples.

    The noise of an example depends on its place in the pool alone: all networks and seeds read
    the same noisy digits, and a stronger level is the same noise, scaled.
    """

    def __init__(self, conditions: Sequence[Condition]):
        """Draw nothing yet: without levels there is nothing to do."""
        self.levels = sorted({level for one in conditions for level in one.test_noise})
        self.conditions = conditions
        self.group: GroupTraining | None = None

    def accuracies(
        self, training: GroupTraining, state: TrainingState, members: Members
    ) -> dict[float, AnyArray]:
        """Return the members' accuracies at every level that a condition asks for.

        Args:
            training: the group that trained them; its own examples stay as they are.
            state: what came out of it.
            members: who they are.
        """
        found: dict[float, AnyArray] = {}
        if not self.levels:
            return found
        pool = self.conditions[0].pool
        seeds = {seed for condition in self.conditions for seed in condition.seeds}
        examples = np.unique(np.concatenate([pool.split(seed).test for seed in seeds]))
        # Of the pool of test examples alone: the other parts are not read.
        members = members._replace(
            train=np.zeros_like(members.train),
            validation=np.zeros_like(members.validation),
            test=np.searchsorted(examples, members.test).astype(np.int32),
        )
        for level in self.levels:
            data = noisy_examples(pool.data, examples, level)
            if self.group is None or self.group.plan != training.plan:
                self.group = GroupTraining(training.asked, training.plan, data)
            else:
                self.group.replace_data(data)
            found[level] = self.group.test(state, members).score
        return found


def noisy_examples(data: Data, examples: AnyArray, level: float) -> Data:
    """Return some examples of a pool with noise of a standard deviation, in their order."""
    key = jax.random.key(NOISE_SEED)

    @jax.jit
    def add(images: AnyArray, examples: AnyArray) -> AnyArray:
        keys = jax.vmap(lambda example: jax.random.fold_in(key, example))(examples)
        return jax.vmap(lambda image, own: noisy(image, level, key=own))(images, keys)

    images = np.asarray(add(np.asarray(data.inputs)[examples], examples.astype(np.uint32)))
    return Data(images, np.asarray(data.targets)[examples])
