"""Networks on disk without pickle: arrays as safetensors, the specification as JSON beside it."""

import dataclasses
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import safetensors.numpy

from rhythmic.arguments import checked
from rhythmic.checks import shown
from rhythmic.files import write_together
from rhythmic.networks.network import Network
from rhythmic.networks.spec import NetworkSpec
from rhythmic.trees import named_arrays, with_named_arrays

FORMAT = 1
_LABELS = (str, int, float, bool)  # which JSON gives back as they were
_KEYS = ("format", "spec", "input_size", "num_outputs", "sample_rate", "duration")


@checked
def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network: ``path`` with its arrays, and a JSON of its specification beside it.

    Both are whole or absent. ``load`` reads them in another process, and in a later version of
    this package. The labels of its classes are kept if they are text, numbers or truths.

    Args:
        network: built from a ``NetworkSpec``.
        path: ending in ``.safetensors``; the JSON has the same name and ends in ``.json``.

    Raises:
        ValueError: for another ending, a network put together by hand, or a specification that
            JSON does not hold, such as an option that is a function.
    """
    file = _checked_path(path)
    if network.origin is None:
        raise ValueError("network has no specification; it must be built from a NetworkSpec")
    origin = network.origin
    record = {
        "format": FORMAT,
        "rhythmic": version("rhythmic"),
        "spec": origin.spec.to_json(),
        "input_size": origin.input_size,
        "num_outputs": origin.num_outputs,
        "sample_rate": origin.sample_rate,
        "duration": origin.duration,
        "classes": network.classes if all(type(one) in _LABELS for one in network.classes) else (),
    }
    try:
        text = json.dumps(record, indent=2, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(f"specification cannot be written as JSON ({error})") from None
    arrays = named_arrays(eqx.filter(network, eqx.is_array))
    content = safetensors.numpy.save({name: np.asarray(x) for name, x in arrays.items()})
    write_together({file: content, file.with_suffix(".json"): text.encode()})


@checked
def load(path: str | os.PathLike[str]) -> Network:
    """Read a network that ``save`` wrote.

    Args:
        path: of the arrays, ending in ``.safetensors``.

    Raises:
        FileNotFoundError: if one of the two files is not there.
        ValueError: for files that hold something else, a later format, or arrays that do not fit
            the specification or the precision in use.
    """
    file = _checked_path(path)
    for needed in (file, file.with_suffix(".json")):
        if not needed.exists():
            raise FileNotFoundError(f"path is {str(file)!r}; there is no file {str(needed)!r}")
    record = _read_record(file.with_suffix(".json"))
    spec = NetworkSpec.from_json(record["spec"])
    try:
        arrays = safetensors.numpy.load(file.read_bytes())
    except safetensors.SafetensorError as error:
        raise ValueError(f"{file} is no file of arrays ({error})") from None

    network = spec.build(
        record["input_size"],
        record["num_outputs"],
        key=jax.random.key(0),
        sample_rate=record["sample_rate"],
        duration=record["duration"],
    )
    scaled = [arrays.get(f"{name}.mean") for name in ("input_scaling", "output_scaling")]
    network = network.with_scalings(*(None if x is None else x.size for x in scaled))
    held, rest = eqx.partition(network, eqx.is_array)
    known = named_arrays(held)
    _check_arrays(file, arrays, known)
    network = eqx.combine(with_named_arrays(held, arrays), rest)
    return dataclasses.replace(network, classes=tuple(record["classes"]))


def _check_arrays(file: Path, found: dict[str, np.ndarray], known: dict[str, Any]) -> None:
    """Raise a ValueError unless names, shapes and precision are those of the network."""
    differing = sorted(found.keys() ^ known.keys())
    if differing:
        raise ValueError(f"{file} does not fit its specification: {differing[0]} is in one alone")
    for name, array in sorted(found.items()):
        expected = known[name]
        if array.shape != expected.shape:
            raise ValueError(
                f"{file} holds {name} of shape {array.shape}; its specification has "
                f"{expected.shape}"
            )
        if array.dtype != expected.dtype:
            raise ValueError(
                f"{file} holds {name} in {array.dtype}; {expected.dtype} is in use: set "
                "jax_enable_x64 as it was where the network was saved"
            )


def _read_record(file: Path) -> dict[str, Any]:
    """Return what ``save`` wrote of a specification."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError):
        record = None
    if not isinstance(record, dict) or not set(_KEYS) <= record.keys():
        raise ValueError(f"{file} holds no specification of a network")
    if record["format"] != FORMAT:
        raise ValueError(f"{file} has format {record['format']}; this version reads {FORMAT}")
    labels = record.setdefault("classes", [])  # which earlier versions did not write
    if not isinstance(labels, list) or len(labels) not in (0, record["num_outputs"]):
        raise ValueError(f"{file} holds classes {shown(labels)}; it must hold one for each output")
    return record


def _checked_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of the arrays."""
    file = Path(path)
    if file.suffix != ".safetensors":
        raise ValueError(f"path is {str(path)!r}; it must end in .safetensors")
    return file
