"""What decides the bits of a sweep's results beside the sweep itself."""

import os
from typing import Any

import jax
import jaxlib
import numpy as np

from rhythmic.provenance import processor_name
from rhythmic.sweep.specification import Sweep


def computing_environment(sweep: Sweep) -> dict[str, Any]:
    """Return program, device and versions of this process, without times and hosts."""
    device = jax.devices()[0]
    kind = processor_name() if device.platform == "cpu" else device.device_kind
    return {
        "program": sweep.program_hash(),
        "compiler_options": dict(sweep.compiler_options or {}),
        "device": kind,
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpy": np.__version__,
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }
