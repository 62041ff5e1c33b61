"""A sweep killed by a real SIGKILL, at any instant, ends with the bytes of one that is not."""

import random

import pytest

KINDS = ("plain", "blocks", "stages")


@pytest.fixture
def chain(run_child, stored_bytes, undisturbed):
    """Kill a sweep again and again until it ends by itself; compare its bytes; count the kills."""

    def run(kind, folder, draw, most):
        begun_before, kills = [], 0
        while True:
            kill_at, seconds = draw() if kills < most else (0, None)
            lines, killed = run_child(kind, folder, kill_at, seconds=seconds)
            begun = [line for line in lines if line.startswith(("chunk", "stage"))]
            # A chunk, or a stage of training, is computed again for each kill, at most.
            again = set(begun) & set(begun_before)
            assert len(again) <= 1, f"computed again: {sorted(again)}"
            assert len(begun) == len(set(begun))
            begun_before += begun
            if not killed:
                break
            kills += 1
        assert stored_bytes(folder) == undisturbed(kind)[0]
        return kills

    return run


@pytest.mark.parametrize(
    "kind", ["blocks", *(pytest.param(k, marks=pytest.mark.slow) for k in ("plain", "stages"))]
)
def test_kills_at_touches_of_the_folder(kind, tmp_path, chain, undisturbed):
    touches = undisturbed(kind)[1]
    generator = random.Random(1)
    kills = chain(kind, tmp_path, lambda: (generator.randint(1, touches // 4), None), most=1)
    assert kills == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chain_number", range(11))
def test_many_kills_at_touches(kind, chain_number, tmp_path, chain, undisturbed):
    touches = undisturbed(kind)[1]
    generator = random.Random(100 + chain_number)
    kills = chain(kind, tmp_path, lambda: (generator.randint(1, touches // 6), None), most=10)
    assert kills >= 8
