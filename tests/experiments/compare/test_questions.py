"""What every question of the comparison has: the four presets, and what the index needs of it."""

import importlib

import pytest

from experiments.__main__ import NAMES
from experiments.compare.__main__ import PRESETS
from experiments.compare.questions import QUESTIONS


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_has_the_four_presets(name):
    question = importlib.import_module(f"experiments.compare.{name}")
    assert set(question.PRESETS) == set(PRESETS) == {"smoke", "quick", "full", "accelerator"}
    for preset, options in question.PRESETS.items():
        assert options.preset == preset
    assert question.EXPERIMENT.name == f"compare.{name}"
    assert question.EXPERIMENT.presets == question.PRESETS
    claims = [claim.name for claim in question.CLAIMS]
    assert claims
    assert len(set(claims)) == len(claims)


def test_the_index_takes_its_questions_from_the_one_list():
    listed = [name.removeprefix("compare.") for name in NAMES if name.startswith("compare.")]
    assert tuple(listed) == QUESTIONS
