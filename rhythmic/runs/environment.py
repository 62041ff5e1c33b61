"""The environment that determines the bits of a result: device and versions."""

import os
from typing import Any

import jax
import jaxlib
import numpy as np

from rhythmic.provenance import processor_name


class RefusedError(ValueError):
    """A folder of something else, or what was computed by another program or device."""


def environment_here() -> dict[str, Any]:
    """Return device and versions of this process, without times and hosts."""
    device = jax.devices()[0]
    kind = processor_name() if device.platform == "cpu" else device.device_kind
    return {
        "device": kind,
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpy": np.__version__,
        "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
    }


def check_worker(known: dict[str, Any], found: dict[str, Any], remedy: str) -> None:
    """Raise a RefusedError for a worker that computes otherwise than the others.

    Args:
        known: what computes for the others; what the worker does not report does not count.
        found: what computes there.
        remedy: what a user can do.
    """
    if told := differing({name: known.get(name) for name in found}, found):
        raise RefusedError(f"executor has a worker that computes otherwise ({told}); {remedy}")


def differing(known: Any, wanted: Any, name: str = "") -> str:
    """Say where two nested values differ, one line; empty if nowhere."""
    if isinstance(known, dict) and isinstance(wanted, dict):
        found = [
            differing(known.get(key), wanted.get(key), f"{name}.{key}" if name else key)
            for key in dict.fromkeys([*known, *wanted])
        ]
        return "; ".join(text for text in found if text)
    if isinstance(known, list) and isinstance(wanted, list) and len(known) == len(wanted):
        pairs = enumerate(zip(known, wanted, strict=True))
        found = [differing(old, new, f"{name}[{called(new, i)}]") for i, (old, new) in pairs]
        return "; ".join(text for text in found if text)
    if known == wanted:
        return ""
    if name.endswith(".sha256"):
        return f"{name.removesuffix('.sha256')}: other values"
    return f"{name}: {_shortened(known)} there, {_shortened(wanted)} here"


def called(entry: Any, place: int) -> str:
    """Return the name of an entry of a list, or its place."""
    return str(entry.get("name", place) if isinstance(entry, dict) else place)


def _shortened(value: Any) -> str:
    """Write a value in at most some forty characters."""
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "…" if " " not in text else text[:37] + "…"
