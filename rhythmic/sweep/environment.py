"""What decides the bits of a sweep's results beside the sweep itself."""

from typing import Any

from rhythmic.runs.environment import environment_here
from rhythmic.sweep.specification import Sweep


def computing_environment(sweep: Sweep) -> dict[str, Any]:
    """Return program, device and versions of this process, without times and hosts."""
    return {
        "program": sweep.program_hash(),
        "compiler_options": dict(sweep.compiler_options or {}),
        **environment_here(),
    }
