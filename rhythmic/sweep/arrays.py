"""The arrays of a sweep: their names, axes and units, and on disk the metadata."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

from rhythmic.sweep.blocks import absent_value
from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS
from rhythmic.sweep.plan import ChunkPlan, Cut, bytes_a_point
from rhythmic.sweep.specification import Output, Sweep

FORMAT = 2  # of the folder; a description of another one is refused

STATUS_OUTPUTS = {
    STATUS: Output(unit="", meaning="0 finite, 1 not finite, -1 not computed yet"),
    FIRST_BAD_STEP: Output(unit="step", meaning="first step that was not finite, -1 for none"),
}


def layout_of(sweep: Sweep, plan: ChunkPlan, cut: Cut | None = None) -> dict[str, bytes]:
    """Return metadata and coordinates of a sweep, by the path of their file below its arrays.

    Args:
        sweep: whose arrays they are.
        plan: of its chunks.
        cut: into stored blocks; by default that of the plan.
    """
    # No memory: each is one value, seen from every point.
    absent = {
        name: np.broadcast_to(np.array(absent_value(name, dtype), dtype), sweep.shape + own)
        for name, (_, own, dtype) in results_of(sweep).items()
    }
    dataset = labelled(sweep, absent)
    contents: dict[str, Any] = {}
    about = {"sweep": sweep.name, "coordinates": " ".join(map(str, dataset.coords))}
    group = zarr.create_group(MemoryStore(contents), zarr_format=3, attributes=about)
    cut = cut or plan.blocks(sweep.shape, bytes_a_point(sweep))
    block = cut.chunk_shape(sweep.shape)
    for name, values in dataset.variables.items():
        is_result = name in absent
        array = group.create_array(
            str(name),
            shape=values.shape,
            chunks=block + values.shape[len(block) :] if is_result else values.shape,
            dtype=values.dtype,
            compressors=[ZstdCodec(), Crc32cCodec()],
            fill_value=absent[str(name)].flat[0] if is_result else 0,
            dimension_names=map(str, values.dims),
            attributes=values.attrs,
            config={"write_empty_chunks": True},
        )
        if not is_result:
            array[...] = values.values
    return {key: contents[key].to_bytes() for key in sorted(contents)}


def labelled(sweep: Sweep, arrays: Mapping[str, np.ndarray]) -> xarray.Dataset:
    """Put names, units and axes on the arrays of a sweep."""
    design = tuple(dimension.name for dimension in sweep.dimensions)
    coordinates = {
        column.name: (dimension.name, column.values, described(Output(column.unit, column.meaning)))
        for dimension in sweep.dimensions
        for column in dimension.columns
    }
    results = {
        name: (design + output.dims, arrays[name], described(output))
        for name, (output, _, _) in results_of(sweep).items()
    }
    return xarray.Dataset(results, coordinates, {"sweep": sweep.name})


def description_of(
    sweep: Sweep,
    plan: ChunkPlan,
    environment: dict[str, Any],
    layout: Mapping[str, bytes],
    cut: Cut | None = None,
) -> dict[str, Any]:
    """Return the description of a sweep, the metadata of its ``layout`` included."""
    return {
        "format": FORMAT,
        "asked": sweep.identity(),
        "identity": sweep.fingerprint(),
        "shape": list(sweep.shape),
        "axes": [dimension.name for dimension in sweep.dimensions],
        "results": list(results_of(sweep)),
        "plan": plan.as_dict(),
        "blocks": (cut or plan.blocks(sweep.shape, bytes_a_point(sweep))).as_dict(),
        "environment": environment,
        "metadata": {
            key: json.loads(content) for key, content in layout.items() if key.endswith("zarr.json")
        },
    }


def results_of(sweep: Sweep) -> dict[str, tuple[Output, tuple[int, ...], np.dtype]]:
    """Return meaning, own shape and dtype of everything that is stored of a point."""
    found = dict(sweep.abstract_outputs)
    results = {
        name: (output, found[name].shape, np.dtype(found[name].dtype))
        for name, output in sweep.outputs.items()
    }
    if FIRST_BAD_STEP in found:
        results[FIRST_BAD_STEP] = (STATUS_OUTPUTS[FIRST_BAD_STEP], (), np.dtype(np.int32))
    results[STATUS] = (STATUS_OUTPUTS[STATUS], (), np.dtype(np.int8))
    return results


def described(output: Output) -> dict[str, Any]:
    """Return the attributes that xarray and NetCDF show; none where there is nothing to show."""
    about = {"units": output.unit, "long_name": output.meaning}
    return {name: text for name, text in about.items() if text}
