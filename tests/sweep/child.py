"""A process that runs a small sweep and can be made to kill itself at any touch of its folder.

    python child.py plain|blocks|stages FOLDER KILL_AT

It counts what it does to files in FOLDER (opened, renamed, removed, made), and sends itself a real
SIGKILL right before number KILL_AT; 0 for never. Each chunk or stage that it begins to compute is
a line of its output, and the count at its end another.
"""

import os
import signal
import sys
from pathlib import Path

import jax
import jax.numpy as jnp

WATCHED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}


def watch(folder: Path, kill_at: int) -> list[int]:
    """Count touches of a folder from now on."""
    count = [0]

    def hook(event: str, arguments: tuple) -> None:
        if event in WATCHED and str(arguments[0]).startswith(str(folder)):
            count[0] += 1
            if count[0] == kill_at:
                sys.stdout.flush()
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def plain(gain, input_scale, key):
    """Give a point something that depends on its key, and many steps of rounding."""

    def step(value, _):
        return jnp.sin(gain * value) + input_scale, None

    last, _ = jax.lax.scan(step, jax.random.uniform(key), None, length=30)
    return {"last": last, "both": jnp.stack([last, last**2])}


def start(gain, key):
    return jax.random.uniform(key, (3,)) * gain


def advance(state, input_scale):
    return jnp.sin(2 * state) + input_scale


def finish(state):
    return {"last": state.sum()}


def make_sweep(kind):
    """Return the sweep of a kind."""
    from rhythmic.sweep import Grid, Output, Stages, Sweep, linear_axis

    axes = (linear_axis("gain", 0.5, 3, 12, "1"), linear_axis("input_scale", 0, 1, 5, "1"))
    if kind != "stages":
        outputs = {"last": Output("1"), "both": Output("1", dims=("power",))}
        return Sweep("small", plain, Grid(axes), outputs, seed=3)
    stages = Stages(start, advance, finish, num_stages=4)
    return Sweep("small", stages, Grid(axes), {"last": Output("1")}, seed=3)


def announce(computer_class):
    """Say on stdout what begins to be computed."""
    started, run = computer_class.started, computer_class.keep_state

    def told(self, chunk):
        print(f"chunk {chunk.number}", flush=True)
        return started(self, chunk)

    def stage(self, path, state, done):
        print(f"stage {path.name} {done}", flush=True)
        return run(self, path, state, done)

    computer_class.started, computer_class.keep_state = told, stage


def main():
    """Run the sweep."""
    kind, folder, kill_at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    from rhythmic.sweep import plan, run_sweep
    from rhythmic.sweep.chunks import ChunkComputer

    if kind == "blocks":  # of two chunks each
        plan.BLOCK_BYTES, plan.MOST_BLOCKS = 260, 10**6
    announce(ChunkComputer)
    sweep = make_sweep(kind)
    count = watch(folder, kill_at)
    run_sweep(sweep, folder=folder, chunk_points=20 if kind == "stages" else 10, quiet=True)
    print(f"touches {count[0]}")


if __name__ == "__main__":
    main()
