"""Chunks and passes: every point once, whatever the shape, the devices and the limits."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rhythmic.runs.fitting import fitting
from rhythmic.sweep import ChunkPlan, Grid, Output, Sweep, values_axis
from rhythmic.sweep.plan import (
    MOST_OUTPUT_BYTES_ON_A_DEVICE,
    MOST_POINTS_ON_A_DEVICE,
    bytes_a_point,
    choose_plan,
    plan_along,
)

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple) | st.tuples(
    st.integers(1, 700)
)


def places(chunk):
    """Return the part of an array that a chunk covers."""
    return (*chunk.lead, slice(chunk.first_row, chunk.stop_row))


class Shaped:
    """As much of a sweep as a plan reads, of any shape, without a function to trace."""

    def __init__(self, shape, points_at_once=None, bytes_each=4):
        self.shape, self.points_at_once = shape, points_at_once
        self.num_points = math.prod(shape)
        self.abstract_outputs = {"out": np.zeros(bytes_each, np.int8)}


def check(plan, shape, num_devices):
    """See that the chunks of a plan hold every point once, and its passes every row once."""
    times = np.zeros(shape, int)
    chunks = list(plan.chunks(shape))
    largest = math.prod(plan.chunk_shape(shape))
    for number, chunk in enumerate(chunks):
        assert chunk.number == number
        assert len(chunk.lead) == plan.split_axis
        assert 1 <= chunk.num_rows <= plan.rows_per_chunk
        times[places(chunk)] += 1
        assert times[places(chunk)].size <= largest
    assert np.all(times == 1)
    assert len(chunks) == plan.num_chunks(shape)
    assert plan.rows_per_device % plan.rows_at_once == 0
    assert plan.rows_per_device * num_devices >= plan.rows_per_chunk


@given(
    SHAPES,
    st.integers(1, 9),
    st.none() | st.integers(1, 3000),
    st.none() | st.integers(1, 300),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_every_point_is_in_one_chunk(shape, num_devices, chunk_points, points_at_once, stored):
    sweep = Shaped(shape, points_at_once)
    plan = choose_plan(sweep, num_devices, chunk_points=chunk_points, stored=stored)
    check(plan, shape, num_devices)
    if chunk_points is not None:
        # A row of the last axis is a point, so that one a device is the least there can be.
        assert math.prod(plan.chunk_shape(shape)) <= max(chunk_points, num_devices)
    rows_points = math.prod(shape[plan.split_axis + 1 :])
    if points_at_once is not None:
        assert plan.rows_at_once * rows_points <= max(points_at_once, rows_points)


@given(SHAPES, st.data(), st.integers(1, 5), st.integers(1, 900), st.none() | st.integers(1, 99))
@settings(max_examples=100, deadline=None)
def test_plans_along_an_axis(shape, data, num_devices, most, points_at_once):
    axis = data.draw(st.integers(0, len(shape) - 1))
    plan = plan_along(axis, shape, num_devices, most, points_at_once)
    check(plan, shape, num_devices)
    row = math.prod(shape[axis + 1 :])
    assert plan.rows_per_chunk * row <= max(most, row) * num_devices
    while (smaller := plan.halved()) != plan:
        assert smaller.rows_per_device % smaller.rows_at_once == 0
        assert smaller.rows_per_device < plan.rows_per_device
        assert smaller.rows_at_once <= plan.rows_at_once
        assert (smaller.split_axis, smaller.rows_per_chunk) == (axis, plan.rows_per_chunk)
        plan = smaller
    assert (plan.rows_per_device, plan.rows_at_once) == (1, 1)


def test_stored_sweeps_have_some_thirty_chunks_and_others_few():
    sweep = Shaped((512, 512))
    stored, held = (choose_plan(sweep, 2, stored=stored) for stored in (True, False))
    assert 16 <= stored.num_chunks(sweep.shape) <= 64
    assert held.num_chunks(sweep.shape) == 1


def test_a_device_holds_no_more_than_it_should():
    few = choose_plan(Shaped((2**13, 2**10)), 1, stored=False)
    assert few.rows_per_device * 2**10 <= MOST_POINTS_ON_A_DEVICE
    large = Shaped((1024, 16), bytes_each=2**20)
    plan = choose_plan(large, 1, stored=False)
    held = plan.rows_per_device * math.prod(large.shape[plan.split_axis + 1 :])
    assert held * 2**20 <= MOST_OUTPUT_BYTES_ON_A_DEVICE
    larger_than_all = Shaped((3,), bytes_each=2**26)
    assert choose_plan(larger_than_all, 1, stored=False).rows_per_device == 1


@pytest.mark.parametrize("chunk_points", [0, -5, 2.5, True])
def test_refused_chunk_points(chunk_points):
    with pytest.raises(ValueError, match=f"chunk_points is {chunk_points}; it must be "):
        choose_plan(Shaped((4,)), 1, chunk_points=chunk_points)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, 1, 1, 1), "split_axis is -1; it must be at least 0"),
        ((0, 0, 1, 1), "rows_per_chunk is 0; it must be at least 1"),
        ((0, 1, 2.0, 1), r"rows_per_device is 2\.0; it must be an integer"),
        ((0, 1, 1, None), "rows_at_once is None; it must be an integer"),
    ],
)
def test_refused_plans(fields, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        ChunkPlan(*fields)


def test_bytes_of_a_point():
    def node(gain):
        return {"one": gain, "four": gain * np.ones((2, 2), np.float32)}

    outputs = {"one": Output(""), "four": Output("", dims=("i", "j"))}
    sweep = Sweep("bytes", node, Grid((values_axis("gain", [1.0], ""),)), outputs)
    assert bytes_a_point(sweep) == 1 + 4 + 16


@given(st.integers(1, 1000), st.integers(1, 10**6), st.integers(1, 10**6))
@settings(max_examples=100, deadline=None)
def test_a_fitting_plan_is_the_first_of_the_halves_that_fits(rows, bytes_a_row, available):
    plan, told = ChunkPlan(0, rows, rows, rows), []
    found = fitting(
        plan, lambda p: p.rows_per_device * bytes_a_row, lambda _: available, told.append
    )
    fits = available
    steps = [plan]
    while steps[-1].halved() != steps[-1]:
        steps.append(steps[-1].halved())
    expected = next((p for p in steps if p.rows_per_device * bytes_a_row <= fits), steps[-1])
    assert found == expected
    assert all("\n" not in line for line in told)
    tried_all_the_same = found.rows_per_device * bytes_a_row > fits
    assert len(told) == steps.index(expected) + tried_all_the_same
    assert ("trying all the same" in " ".join(told)) == tried_all_the_same
