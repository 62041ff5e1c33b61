"""What a group needs is known before it runs, and a group that would not fit is made smaller."""

import os
from pathlib import Path
from types import SimpleNamespace

import jax
import pytest

from rhythmic.training import (
    Estimate,
    GroupPlan,
    Groups,
    GroupTraining,
    TrainingConfiguration,
    available_memory,
    estimate_group,
    is_out_of_memory,
    seconds_per_update,
)
from tests.training import small
from tests.training.small import TRAINING

MODULE = "rhythmic.training.estimate"


def members(count):
    return small.members(*((seed, 0.05) for seed in range(count)))


@pytest.fixture(scope="module")
def group():
    return GroupTraining(TRAINING, GroupPlan(num_devices=1, members_per_device=2), small.pool())


@pytest.fixture(scope="module")
def needed(group):
    return estimate_group(group, members(2))


def test_what_was_compiled_for_the_estimate_is_what_trains(group, needed):
    assert needed.compile_seconds > 0
    program = group.programs.compiled["train_epoch"]
    group.run(members(2))
    assert group.programs.compiled["train_epoch"] is program
    assert group.compile_seconds == needed.compile_seconds


@pytest.mark.parametrize(("num_updates", "count"), [(40, 3), (3, 3), (2, 2)])
def test_seconds_of_an_update_are_those_of_the_faster_run(
    group, needed, monkeypatch, num_updates, count
):
    ticks = iter([0.0, 6.0, 10.0, 13.0])
    monkeypatch.setattr(f"{MODULE}.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    shapes = []
    place = group.place
    monkeypatch.setattr(group, "place", lambda rows: shapes.append(rows) or place(rows))
    assert seconds_per_update(group, members(2), num_updates=num_updates) == 3.0 / count
    seen = shapes[-1]
    assert seen.train.shape[1] == min(21, count * 8)
    assert seen.validation.shape[1] == 7 * count // 3


@pytest.mark.parametrize("epochs", [1, 2, 3, 10, 30])
@pytest.mark.parametrize("rising_share", [0.05, 0.15, 0.25, 0.5, 0.9])
def test_an_epoch_is_cut_as_short_as_the_schedule_allows(epochs, rising_share):
    configuration = TrainingConfiguration(epochs, batch_size=8, rising_share=rising_share)
    fewest = -(-configuration.fewest_steps() // epochs)
    assert configuration.num_steps(8 * fewest) == epochs * fewest
    if fewest > 1:
        with pytest.raises(ValueError, match="too few"):
            configuration.num_steps(8 * (fewest - 1))


@pytest.fixture
def ten_bytes_a_member(monkeypatch):
    """Stand in for the compiler: ten bytes a member, and what is free is what a test sets."""

    def counted(group, given):
        assert len(given.seed) <= group.plan.size
        return Estimate(0, 10 * group.plan.members_per_device, 0, 0.0)

    monkeypatch.setattr(f"{MODULE}.estimate_group", counted)

    def set_free(free):
        monkeypatch.setattr(f"{MODULE}.available_memory", lambda num_devices: free)

    return set_free


@pytest.mark.parametrize(
    ("free", "chosen", "num_lines"), [(60, 6, 0), (59, 3, 1), (29, 2, 2), (10, 1, 3), (3, 1, 4)]
)
def test_the_largest_half_that_fits_is_taken(ten_bytes_a_member, free, chosen, num_lines):
    ten_bytes_a_member(free)
    lines = []
    groups = Groups(TRAINING, GroupPlan(1, 6), small.pool(), tell=lines.append)
    assert groups.compiled(members(6)).plan == groups.plan == GroupPlan(1, chosen)
    assert groups.needed.memory == 10 * chosen
    assert len(lines) == num_lines
    assert all("\n" not in line for line in lines)
    if free < 10:
        assert lines[-1].endswith("trying all the same")


MEMINFO = "MemTotal:  900 kB\nMemFree:  100 kB\nMemAvailable:     700 kB\n"


def test_devices_of_a_processor_share_what_the_kernel_gives(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda path: MEMINFO)
    assert available_memory(1) == 700 * 1024
    assert available_memory(2) == 350 * 1024
    with pytest.raises(ValueError, match=r"^num_devices is 0; it must be at least 1$"):
        available_memory(0)


@pytest.mark.parametrize("text", [None, "MemTotal:  900 kB\n"])
def test_elsewhere_the_system_says_how_many_pages_are_free(monkeypatch, text):
    def read_text(path):
        if text is None:
            raise FileNotFoundError(path)
        return text

    def sysconf(name):
        known = {"SC_PHYS_PAGES": 5, "SC_PAGE_SIZE": 4096}
        if name not in known:
            raise ValueError(name)
        return known[name]

    monkeypatch.setattr(Path, "read_text", read_text)
    monkeypatch.setattr(os, "sysconf", sysconf)
    assert available_memory(1) == 5 * 4096


def test_an_accelerator_tells_its_own_limit(monkeypatch):
    def device(stats):
        return SimpleNamespace(platform="gpu", memory_stats=lambda: stats)

    devices = [
        device({"bytes_limit": 900, "bytes_in_use": 200}),
        device({"bytes_limit": 800}),
        device(None),
    ]
    monkeypatch.setattr(jax, "local_devices", lambda: devices)
    assert available_memory(1) == 700
    assert available_memory(3) == 700
    monkeypatch.setattr(jax, "local_devices", lambda: devices[1:])
    assert available_memory(2) == 800
    monkeypatch.setattr(jax, "local_devices", lambda: devices[2:])
    assert available_memory(1) > 2**60


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"), True),
        (jax.errors.JaxRuntimeError("INTERNAL: Failed: Out of memory on device 0"), True),
        (jax.errors.JaxRuntimeError("INVALID_ARGUMENT: shapes differ"), False),
        (MemoryError(), True),
        (ValueError("RESOURCE_EXHAUSTED"), False),
    ],
)
def test_exhausted_memory_is_told_from_other_errors(error, expected):
    assert is_out_of_memory(error) is expected
