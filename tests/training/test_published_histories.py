"""The published networks train as they did: histories of two epochs of ``mnist5k``, held.

The numbers are those of the commit before one network and one trainer took the place of several
(79c44ec): seed 1, rate 0.01, the published recipe with two epochs. Rows that were kept then count
as long as they are found here, to what float32 rounds differently between processors.
"""

from functools import partial

import numpy as np
import pytest

from rhythmic import data
from rhythmic.networks import published
from rhythmic.training import (
    Data,
    GroupPlan,
    GroupTraining,
    MemberTraining,
    TrainingConfiguration,
    make_members,
)
from tests.marks import rest_slow

# Training loss and accuracy, validation loss and accuracy, of both epochs.
HISTORIES = {
    "rrn-golden": ((2.28972, 2.05398), (0.1615, 0.26025), (2.11372, 2.05421), (0.25, 0.266)),
    "rrn-log": ((2.30933, 2.03438), (0.16975, 0.29025), (2.117, 2.0295), (0.236, 0.284)),
    "rrn-two": ((2.30942, 2.00227), (0.16, 0.28375), (2.04899, 1.98785), (0.292, 0.312)),
    "rrn-linear": ((2.1871, 1.89626), (0.1985, 0.3365), (1.95837, 1.88175), (0.316, 0.336)),
    "rrn-golden-unconnected": (
        (2.24008, 1.88867),
        (0.18075, 0.31675),
        (1.97713, 1.88224),
        (0.33, 0.332),
    ),
    "rnn": ((2.42261, 2.1732), (0.12075, 0.1945), (2.1808, 2.15105), (0.186, 0.204)),
    "lstm": ((2.3307, 2.16343), (0.13125, 0.202), (2.19808, 2.15534), (0.138, 0.21)),
}


@pytest.mark.parametrize("name", rest_slow(HISTORIES, "rrn-log", "lstm"))
def test_two_epochs_are_those_of_before(name):
    digits = data.load_mnist5k()
    training = MemberTraining(published()[name], TrainingConfiguration(epochs=2))
    group = GroupTraining(training, GroupPlan(1, 1), Data(digits.images, digits.labels))
    members = make_members(
        partial(data.split, digits),
        seeds=(1,),
        learning_rate=(0.01,),
        weight_decay=(0.0,),
        label_smoothing=(0.0,),
    )
    history = group.run(members).history
    for found, held, tolerance in zip(history, HISTORIES[name], (3e-3, 0, 3e-3, 0), strict=True):
        np.testing.assert_allclose(found[0], held, rtol=tolerance, atol=0 if tolerance else 4e-3)
