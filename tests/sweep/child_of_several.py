"""One of several processes at one sweep: ``python child_of_several.py FOLDER NUM_DEVICES``."""

import sys
from pathlib import Path

import jax
from child import make_sweep


def main():
    """Join the others, if the environment names them, and run the small sweep."""
    from rhythmic.sweep import join_processes, run_sweep

    folder, num_devices = Path(sys.argv[1]), int(sys.argv[2])
    jax.config.update("jax_num_cpu_devices", num_devices)
    join_processes()
    for kind in ("plain", "stages"):
        run_sweep(make_sweep(kind), folder=folder / kind, chunk_points=20, quiet=True)
    print(f"devices {len(jax.devices())} of which here {len(jax.local_devices())}")


if __name__ == "__main__":
    main()
