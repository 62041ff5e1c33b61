"""Options of every experiment: presets are sound, what is out of range is refused in one line."""

import dataclasses

import numpy as np
import pytest

from experiments.__main__ import entries
from experiments.options import check_options

EXPERIMENTS = {one.name: one for one in entries()}

# Changes of the quick preset, of the full one of questions of the comparison, and how the line
# begins that refuses each.
REFUSED = {
    "perceptron": [
        ({"num_starts": 0}, "num_starts is 0; it must be at least 1"),
        ({"cloud_epochs": 0}, "cloud_epochs is 0"),
        ({"gaps": ()}, "gaps is empty"),
        ({"gaps": (1.0, 0.0)}, "each of its values must be at least 0.0001"),
        ({"gaps": (float("nan"),)}, "gaps is"),
        ({"num_features": (0,)}, "num_features is"),
    ],
    "hopfield": [
        ({"num_sets": 0}, "num_sets is 0; it must be at least 1"),
        ({"sizes": (100, 50)}, r"sizes is \(100, 50\); its values must rise"),
        ({"sizes": ()}, "sizes is empty"),
        ({"loads": (0.1,)}, r"loads is \(0.1,\); all are 5 at N = 50"),
        ({"loads": (0.001, 0.1)}, "loads begins with 0.001; no pattern at N = 50"),
        ({"loads": (0.01, 0.1)}, "loads begins with 0.01; no pattern at N = 50"),  # half to even
        ({"loads": (0.1, 0.101)}, r"loads is \(0.1, 0.101\); all are 5 at N = 50"),
        ({"loads": (0.0, 0.1)}, "each of its values must be above 0"),
        ({"digit_counts": (10, 5001)}, r"each of its values must lie in \[2, 5000\]"),
        (
            {"corruptions": (0.1, 1.2)},
            r"corruptions is .* values must lie in \[0, 1\]",
        ),
        ({"digit_corruption": -0.1}, r"digit_corruption is -0.1; it must lie in \[0, 1\]"),
        ({"criterion": 1.0}, r"criterion is 1.0; it must lie in \(0, 1\)"),
        ({"digit_counts": (1, 5)}, r"digit_counts is \(1, 5\); each of its values must lie"),
        ({"digits_shown": 11}, "digits_shown is 11; choose from"),
    ],
    "first_order_node": [
        ({"start": 0.0}, "^start is "),
        ({"start": np.nan}, "^start is "),
        ({"weights": ()}, "^weights is "),
        ({"weights": (np.inf,)}, "^weights is "),
        ({"num_steps": 9}, "^num_steps is "),
        ({"num_drawn": 0}, "^num_drawn is "),
        ({"num_drawn": 1001}, "^num_drawn is "),
    ],
    "activation": [
        ({"start": 0.0}, "^start is "),
        ({"example_weight": np.inf}, "^example_weight is "),
        ({"tanh_limit": 0.0}, "^tanh_limit is "),
        ({"sigmoid_limit": np.nan}, "^sigmoid_limit is "),
        ({"num_weights": 1}, "^num_weights is "),
        ({"num_steps": 1}, "^num_steps is "),
        ({"example_steps": 0}, "^example_steps is "),
    ],
    "feedforward": [
        ({"num_neurons": 0}, "num_neurons is 0; it must be at least 1"),
        ({"num_networks": -2}, "num_networks is -2"),
        ({"weight_scale": 0.0}, "weight_scale is 0.0; it must be above 0"),
        ({"weight_scale": float("nan")}, "weight_scale is nan"),
    ],
    "rnn": [
        ({"num_steps": 11}, "^num_steps is "),
        ({"pulse_steps": 0}, "^pulse_steps is "),
        ({"pulse_steps": 16}, "^pulse_steps is "),
        ({"input_scale": np.nan}, "^input_scale is "),
        ({"recurrent_gain": -0.1}, "^recurrent_gain is "),
    ],
    "backpropagation": [
        ({"num_lags": 1}, "^num_lags is "),
        ({"hidden_size": 1}, "^hidden_size is "),
        ({"washout": -1}, "^washout is "),
        ({"input_std": np.nan}, "^input_std is "),
        ({"node_weights": ()}, "^node_weights is "),
        ({"node_weights": (np.inf,)}, "^node_weights is "),
        ({"node_radii": (0.0,)}, "^node_radii is "),
        ({"gains": (-1.0,)}, "^gains is "),
        ({"forget_biases": (np.nan,)}, "^forget_biases is "),
        ({"node_frequency": 500.0}, "^node_frequency is "),
        ({"ladder_radius": 1.0}, "^ladder_radius is "),
    ],
    "who_can_rhythm": [
        ({"num_steps": 10}, "num_steps is 10; it must be at least 64"),
        ({"hopfield_units": 8}, "hopfield_units is 8; it must be at least 24"),
        ({"sample_rate": 0.0}, "sample_rate is 0.0; it must be above 0"),
        ({"sizes": ()}, "sizes is empty"),
        ({"sizes": (1, 2)}, r"sizes is \(1, 2\); each of its values must be at least 2"),
        ({"hopfield_units": 129}, "hopfield_units is 129; it must be at most 128, an eighth of"),
        ({"num_steps": 3000, "washout": 1000}, "num_steps \\+ washout is 4000; it must be at most"),
    ],
    "rhythmic_node": [
        ({"frequency": 0.0}, "frequency is 0.0; it must be above 0"),
        ({"damping": 70.0}, r"damping is 70.0; it must lie in \(0, 62.8"),
        ({"time_steps": (1e-3,)}, "time_steps is"),
        ({"time_steps": (1e-3, 0.1), "shown_step": 1e-3}, "time_steps holds 0.1; it must be at"),
        ({"shown_step": 3e-3}, "shown_step is 0.003; choose one of time_steps"),
        ({"duration": 0.5}, "duration is 0.5; it must be at least 1.6"),
        ({"drive_frequency": -1.0}, "drive_frequency is -1.0"),
        ({"drive_frequency": np.inf}, "drive_frequency is inf; it must be finite"),
        ({"time_steps": (5e-3, np.nan)}, "time_steps is"),
        ({"duration": 1e7}, "duration is 10000000.0; it must be at most 10000"),
        ({"damping": 1e-4}, "damping is 0.0001; .* too long to be forgotten"),
        ({"pulse": (0.1, 3.0)}, "pulse is"),
        ({"num_drives": 2}, "num_drives is 2; it must be at least 5"),
        ({"ladder": (0.0,)}, "ladder is"),
    ],
    "stability_atlas": [
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"w1": (1.0, 1.0)}, "^w1 is "),
        ({"w2": (0.0, 1e4)}, "^w2 is "),
        ({"zoom_w2": (np.nan, 1.0)}, "^zoom_w2 is "),
        ({"num_w1": 1}, "^num_w1 is "),
        ({"w2": (1.0, 1.00001)}, "^w2 is .* float32 needs"),
        ({"num_steps": 1}, "^num_steps is "),
        ({"sample_rate": 0.0}, "^sample_rate is "),
        ({"overflow_threshold": 10.0}, "^overflow_threshold is "),
        ({"precisions": ()}, "^precisions is "),
        ({"bands": "none"}, "^catalogue must be "),
    ],
    "weight_grid": [
        ({"workers": 0}, "workers is 0; it must be at least 1"),
        ({"pole_radii": ()}, "^pole_radii is "),
        ({"pole_radii": (0.9, 0.9)}, "^pole_radii is "),
        ({"pole_radii": (0.9, 0.9 + 1e-12)}, "^pole_radii is "),
        ({"pole_radii": (-0.1,)}, "^pole_radii is "),
        ({"ladder_ratios": (1.0, 2.0)}, "^ladder_ratios is "),
        ({"recurrent_gains": (-1.0,)}, "^recurrent_gains is "),
        ({"recurrent_gains": (1.0, np.inf)}, "^recurrent_gains is "),
        ({"input_scales": (0.0, 1.0)}, "^input_scales is "),
        ({"seeds": ()}, "^seeds is "),
        ({"seeds": (1, 1)}, "^seeds is "),
        ({"published_seeds": (-1,)}, "^published_seeds is "),
        ({"num_nodes": 0}, "^num_nodes is "),
        ({"start_frequency": 300.0}, "^start_frequency is "),
        ({"noise": -1.0}, "^noise is "),
        ({"num_train": 4001}, "^num_train is "),
        ({"num_validation": 501}, "^num_validation is "),
    ],
    "lstm": [
        ({"models": ("rnn",)}, "models is 'rnn'; give lstm and any of"),
        ({"models": ("lstm", "gru")}, "models is 'lstm gru'"),
        ({"longest_lags": (5, 2)}, r"longest_lags is \(5, 2\); its values must rise"),
        ({"longest_lags": (0, 60)}, r"longest_lags is \(0, 60\)"),
        ({"longest_lags": (1, 2)}, r"longest_lags is \(1, 2\); it must end with 3 or more"),
        ({"shown_lag": 60}, r"shown_lag is 60; it must lie in \[2, 59\]"),
        ({"hidden_size": 1}, "hidden_size is 1"),
        ({"num_updates": 2}, "num_updates is 2"),
    ],
    "next_item": [
        ({"models": ("rnn", "present")}, "models is 'rnn present'; give present first"),
        ({"models": ("present", "gru")}, "models is 'present gru'"),
        ({"models": ("present",)}, "models is 'present'"),
        ({"models": ("present", "rnn", "rnn")}, "models is present rnn rnn; it must hold each"),
        ({"num_seeds": 0}, "num_seeds is 0"),
        ({"learning_rates": ()}, "learning_rates is empty"),
        ({"learning_rates": (0.1, 2.0)}, r"learning_rates is \(0.1, 2.0\)"),
        ({"hidden_size": 1}, "hidden_size is 1"),
        ({"num_updates": 3}, "num_updates is 3"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"pole_radius": 1.0}, "pole_radius is 1.0"),
        ({"frequencies": (60.0,)}, "frequencies holds 60.0"),
        ({"word_rate": -4.0}, "word_rate is -4.0; it must be above 0"),
    ],
    "bands": [
        ({"frequencies": (5.0, -10.0)}, r"^frequencies must be positive .*, got -10$"),
        ({"catalogues": ("eeg", "ecg")}, "^catalogue must be one of .*, got 'ecg'$"),
        ({"ratios": (2.0, 1.0)}, "^ratios must all be above 1 and finite, got 1.0$"),
        ({"slow_frequency": -25.0}, "^slow_frequency is -25.0; it must be above 0$"),
        ({"fast_frequency": 0.0}, "^fast_frequency is 0.0; it must be above 0$"),
        ({"lowest_ratio": 0.9}, "^lowest_ratio must be above 1 and finite, got 0.9$"),
        ({"highest_ratio": 1.1}, "^highest_ratio must be above lowest_ratio = 1.2 .*, got 1.1$"),
        ({"num_random": 0}, "^num_random is 0; it must be at least 1$"),
        ({"num_ratios": 5}, "^num_ratios is 5; it must be at least 37$"),
        ({"num_repeats": 1}, "^num_repeats is 1; it must be at least 2$"),
        ({"max_exponent": 1}, r"^max_exponent is 1; it must lie in \[2, 24\]$"),
        ({"jitter": -0.1}, r"^jitter is -0.1; it must lie in \[0, 1\]$"),
    ],
    "golden_rhythms": [
        ({"random_ratios": 0}, "random_ratios is 0; it must be at least 1"),
        ({"noise_seeds": 0}, "noise_seeds is 0"),
        ({"swept_ratios": 61}, r"swept_ratios is 61; it must lie in \[0, 60\]"),
        ({"gain_stride": 0}, r"gain_stride is 0; it must lie in \[1, 100\]"),
        ({"lowest_ratio": 1.0}, r"lowest_ratio is 1.0; it must lie in \(1, 3.0\)"),
        ({"highest_ratio": 3.5}, r"highest_ratio is 3.5; it must lie in \(1, 3\]"),
        ({"threshold": 1.0}, "threshold is 1.0; it must be above 1"),
        ({"tolerance": 0.0}, r"tolerance is 0.0; it must lie in \[0.1, 5\]"),
        (
            {"noise_levels": (0.1, -0.1)},
            "each of its values must be above 0",
        ),
        ({"noise_levels": ()}, "noise_levels is empty"),
    ],
    "day_ladder": [
        ({"planets": ("earth", "vulcan")}, "^planet must be one of mercury, .*, got 'vulcan'$"),
        ({"day": -86160.0}, r"^day must be positive and finite \(s\), got -86160.0$"),
        ({"ratios": (1.0,)}, "^ratios must all be above 1 and finite, got 1.0$"),
        ({"ratios": ()}, "^ratios must hold one or more ratios above 1, got none$"),
        ({"frequencies": (-1.0, 2.0)}, r"^frequencies must be positive .*, got -1$"),
        ({"lowest_ratio": 1.0}, "^lowest_ratio must be above 1 and finite, got 1.0$"),
        ({"highest_ratio": 1.0}, "^highest_ratio must be above lowest_ratio .*, got 1.0$"),
        ({"num_random": 0}, "^num_random is 0; it must be at least 1$"),
    ],
    "compare.equal_size": [
        ({"counts": (300, 100)}, "counts is .*must rise"),
        ({"counts": ()}, "counts is empty"),
        ({"counts": (20,)}, "num_parameters is 20; it must be at least"),
        ({"cells": ("perceptron",)}, "cells holds 'perceptron'"),
        ({"cells": ("rrn-copies",), "counts": (100, 200)}, "holds 200 at most; one copy needs 263"),
        ({"heads": ("last",)}, "heads holds 'last'"),
        ({"tuning_epochs": 4}, r"tuning_epochs is 4; it must lie in \[1, 3\]"),
    ],
    "compare.learning_speed": [
        ({"rounds": 0}, "rounds is 0"),
        ({"networks": ("rrn",)}, "networks holds 'rrn'"),
    ],
    "compare.noise_tolerance": [
        ({"networks": ("elman",)}, "networks holds 'elman'"),
        ({"networks": ()}, "networks"),
        ({"levels": (0.0, 0.1)}, "levels must hold 0 and 0.2"),
        ({"levels": (0.2, 0.0)}, "levels is .*must rise"),
        ({"training_noise": -0.1}, "training_noise is -0.1"),
    ],
    "compare.sample_efficiency": [
        ({"sizes": (1000, 500)}, "sizes is .*must rise"),
        ({"sizes": (500, 60000)}, r"sizes is .*must lie in \[128, 55000\]"),
        ({"num_train": 100}, "num_train is 100"),
        ({"updates": 40}, "updates is 40"),
        ({"validations": 0}, "validations is 0"),
    ],
    "compare.pixel_orders": [
        ({"orders": ("rows", "spiral")}, "orders holds 'spiral'"),
        ({"orders": ("rows", "rows")}, "orders"),
    ],
    "compare.which_rhythms": [
        ({"parts": ("nul",)}, "choose from null"),
        ({"parts": ()}, "parts is empty"),
        ({"num_ladders": 1}, "num_ladders is 1"),
        ({"num_null_seeds": 40}, "num_null_seeds is 40"),
        ({"ratios": (1.2, 1.5)}, "ratios must hold 1.618"),
        ({"long_ratios": (1.618, 1.7)}, "num_nodes must be"),
        ({"num_nodes": (5, 6)}, "num_nodes must hold 11"),
        ({"copies": (1, 2)}, "copies is"),
        ({"sample_rates": (500.0,)}, "one below and one above"),
        ({"sample_rates": (500.0, 1000.0)}, "that is the usual one"),
    ],
    "compare.recurrence": [
        ({"parts": ("all",)}, "choose from crossing"),
        ({"networks": ("gru",)}, "choose from golden"),
        ({"heads": ("mean", "mean")}, "each value once"),
        ({"frequencies": (300.0,)}, "sample_rate / 4"),
        ({"frequencies": (20.0, 20.0)}, "each value once"),
        ({"num_free_seeds": 2}, "num_free_seeds is 2"),
        ({"num_free_seeds": 40}, "one of tuning_seeds"),
    ],
    "compare.features": [
        ({"windows": (1, 2, 5)}, "windows holds 5"),
        ({"windows": (1, 4)}, "windows must hold 1 and 2"),
        ({"windows": (1, 2, 2)}, "windows is 1 2 2; it must hold each value once"),
        ({"left_out": (11,)}, "left_out holds 11"),
        ({"inverse_regularisations": (0.0,)}, "inverse_regularisations is .*be above 0"),
        ({"inverse_regularisations": ()}, "inverse_regularisations is empty"),
    ],
    "compare.smallest": [
        ({"families": ("random ladder",)}, "families lacks image ladder"),
        ({"families": ("image ladder", "pca")}, "families holds 'pca'"),
        ({"limits": (200,)}, "limits holds 200"),
        ({"rivals": ("svm",)}, "rivals holds 'svm'"),
        ({"learning_rates": (0.01,)}, "learning_rates needs two or more"),
        ({"rival_learning_rates": (0.01, 0.02, 0.03)}, "as many as learning_rates"),
        ({"num_shapes": 4}, "num_shapes is 4"),
        ({"num_rival_seeds": 11}, "num_rival_seeds is 11"),
        ({"num_finalist_seeds": 0}, r"num_finalist_seeds is 0; it must lie in \[1, 10\]"),
        ({"search_epochs": 0}, "search_epochs: epochs is 0"),
        ({"spacings": ()}, "need one value each"),
        ({"offsets": (1.0,)}, "offset is 1.0"),
    ],
    "compare.horn": [
        ({"networks": ("hopf",)}, "networks holds 'hopf'"),
        ({"early_epochs": 10}, r"early_epochs is 10; it must lie in \[1, 9\]"),
        ({"noise": (0.1, 0.2)}, "it must hold 0"),
        ({"noise": (0.0, np.inf)}, "noise is inf; it must be finite"),
        ({"rival_clip_norm": 0.0}, "rival_clip_norm is 0.0; it must be above 0"),
        ({"horn_rate": 0.0}, "learning_rate is 0.0"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
    ],
    "compare.spike_trains": [
        ({"architectures": ("gru",)}, "architectures holds 'gru'"),
        ({"num_seeds": 30}, "num_seeds is 30; it must be a multiple of chunk_size, 50"),
        ({"num_tuning_seeds": 0}, "num_tuning_seeds is 0"),
        ({"chunk_size": 0}, "chunk_size, 0"),
        ({"num_seeds": 1_000_050}, "must be in 0 ... 100000"),
        ({"learning_rates": ()}, "learning_rates is empty"),
        ({"learning_rates": (0.01, 0.01)}, "each value once"),
        ({"published_rate": -1.0}, "learning_rate is -1.0"),
        ({"epochs": 0}, "epochs is 0"),
    ],
    "compare.synthetic": [
        ({"tasks": ("sorting",)}, "tasks holds 'sorting'"),
        ({"networks": ("rnn", "rnn")}, "networks is rnn rnn"),
        ({"lags": (8, 4)}, r"lags is \(8, 4\); its values must rise"),
        ({"lags": (1, 4)}, r"lags is \(1, 4\); each of its values must be at least 2"),
        ({"noise": (0.5,)}, "noise is 0.5; it must hold 1"),
        ({"signal_to_noise": ()}, "signal_to_noise is empty"),
        ({"num_updates": 2}, "num_updates is 2"),
    ],
    "compare.paper_figures": [
        ({"dataset": "cifar"}, "dataset holds 'cifar'"),
        ({"digits": (1, 10)}, "digits is"),
        ({"num_draws": 1}, "num_draws is 1"),
    ],
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_presets_pass_their_own_check(name):
    for preset, options in EXPERIMENTS[name].presets.items():
        assert options.preset == preset
        check_options(options)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [(name, *row) for name, table in REFUSED.items() for row in table],
)
def test_options_out_of_range_are_refused_in_one_line(name, change, message):
    preset = "full" if name.startswith("compare.") else "quick"
    with pytest.raises(ValueError, match=message) as caught:
        check_options(dataclasses.replace(EXPERIMENTS[name].presets[preset], **change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 2**32])
@pytest.mark.parametrize("name", REFUSED)
def test_seeds_that_no_generator_takes_are_refused(name, seed):
    options = EXPERIMENTS[name].presets["quick"]
    if hasattr(options, "seed"):
        with pytest.raises(ValueError, match=rf"^seed is {seed}; it must be in 0 ... 4294967295$"):
            check_options(dataclasses.replace(options, seed=seed))
