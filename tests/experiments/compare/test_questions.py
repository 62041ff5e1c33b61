"""What every question of the comparison has: the four presets, and what the index needs of it."""

import importlib
import json
import math

import numpy as np
import pytest

from experiments.__main__ import NAMES
from experiments.compare.__main__ import PRESETS
from experiments.compare.findings import Claim, Finding
from experiments.compare.options import CompareOptions
from experiments.compare.question import Question
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


def test_the_answer_counts_what_its_preset_did_not_ask():
    claims = [Claim(name, f"Claim {name}.", "A test.") for name in "abc"]
    nan = math.nan
    given = [
        Finding("a", 0.1, 0.05, 0.15, 1e-6, nan, 1.0, "found"),
        Finding("b", 0.1, -0.1, 0.3, 0.5, nan, 1.0, "found"),
        Finding("c", *(nan,) * 6, "not asked in this run: x is left out"),
    ]
    question = Question(
        name="toy",
        section="Section",
        asked="What?",
        presets={"full": CompareOptions(preset="full")},
        conditions=lambda options: (),
        claims=claims,
        findings=lambda options, rows: given,
        draw=lambda options, rows: {},
    )
    *lines, _ = question.answer(question.presets["full"], {"rows": np.array(json.dumps({}))}).split(
        "\n"
    )
    assert lines == [
        "Borne out: Claim a (+0.100, +0.050 to +0.150).",
        "The data cannot tell: Claim b (+0.100, -0.100 to +0.300).",
        "Not asked by this preset: 1 of 3 claims.",
    ]
