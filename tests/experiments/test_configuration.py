"""Every mistake on the command line is one line that names the field, before anything runs."""

import dataclasses
from pathlib import Path

import pytest

from experiments.mnist import EXPERIMENT
from experiments.mnist.configuration import PRESETS
from experiments.options import identity
from experiments.script import parse


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "fast"], "preset holds 'fast'; choose from quick, table, paper"),
        (["--preset=fast"], "preset holds 'fast'"),
        (["--dataset", "cifar"], "dataset holds 'cifar'; choose from mnist, mnist5k"),
        (["--architectures", "gru"], "architectures holds 'gru'; choose from rrn-golden"),
        (["--architectures", "rrn-plastic"], "architectures holds 'rrn-plastic'"),
        (["--architectures"], "architectures is empty"),
        (["--architectures", "rrn-custom"], "frequencies is empty"),
        (["--frequencies", "2", "251"], "frequencies must be in"),
        (["--frequencies", "-2"], "frequencies must be in"),
        (["--frequencies", "2", "9"], "frequencies is given, but rrn-custom is not"),
        (["--seeds", "456"], "seeds holds 456, on which the documented rates were chosen"),
        (["--learning-rates", "-0.1"], "learning_rate is -0.1; it must be above 0"),
        (["--learning-rates", "nan"], "learning_rates is nan"),
        (["--weight-decays", "-1"], "weight_decay is -1.0; it must be at least 0"),
        (["--label-smoothings", "1"], r"label_smoothing is 1.0; it must be in \[0, 1\)"),
        (["--seeds"], "seeds is empty"),
        (["--seeds", "-1"], "seeds is -1; it must be in 0 ..."),
        (["--seeds", "4", "4"], "seeds is 4 4; it must hold each value once"),
        (["--seeds", "123", "--learning-rates", "0.1", "0.2"], "tuning_seeds holds 123"),
        (["--tuning-seeds", "--learning-rates", "0.1", "0.2"], "tuning_seeds is empty"),
        (["--batch-size", "1"], "batch_size is 1; it must be at least 2"),
        (["--batch-size", "43"], "batch_size is 43; it must not leave one of 4000"),
        (["--epochs", "0"], "epochs is 0; it must be at least 1"),
        (["--sample-rate", "0"], "sample_rate must be positive"),
        (["--pole-radius", "1"], "pole_radius is 1.0; it must lie between 0 and 1"),
        (["--devices", "0"], "devices is 0; it must be at least 1"),
        (["--members-per-device", "0"], "members_per_device is 0"),
    ],
)
def test_mistakes_are_named_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse(EXPERIMENT, arguments)
    assert "\n" not in str(caught.value)


def test_presets_supply_the_defaults_and_options_change_them():
    assert parse(EXPERIMENT, []) == PRESETS["quick"]
    assert parse(EXPERIMENT, ["--preset", "paper"]) == PRESETS["paper"]
    changed = parse(EXPERIMENT, ["--preset", "table", "--seeds", "7", "8", "--epochs", "3"])
    assert changed == dataclasses.replace(PRESETS["table"], seeds=(7, 8), epochs=3)


def test_the_paper_preset_holds_the_published_448_runs():
    paper = PRESETS["paper"]
    searched = sum(len(paper.settings(name)) for name in paper.architectures)
    searched *= len(paper.tuning_seeds)
    tabled = len(paper.seeds) * len(paper.architectures)
    assert (searched, tabled) == (378, 70)
    assert paper.training.num_steps(55_000) == 12_900
    assert paper.training.num_batches(55_000) == 430


def test_where_results_are_made_is_not_part_of_what_they_are():
    quick = PRESETS["quick"]
    cache = {"compilation_cache": Path("cache")}
    elsewhere = dataclasses.replace(quick, devices=7, members_per_device=3, dry_run=True, **cache)
    assert identity(elsewhere) == identity(quick)
    assert identity(dataclasses.replace(quick, epochs=2)) != identity(quick)
