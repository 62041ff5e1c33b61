"""The arrays of a sweep on disk: metadata and coordinates, before any chunk is there."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.storage import MemoryStore

from rhythmic.sweep.blocks import absent_value
from rhythmic.sweep.designs import FIRST_BAD_STEP, STATUS
from rhythmic.sweep.plan import ChunkPlan, bytes_a_point
from rhythmic.sweep.specification import Output, Sweep

FORMAT = 2  # of the folder; a description of another one is refused

STATUS_OUTPUTS = {
    STATUS: Output(unit="", meaning="0 finite, 1 not finite, -1 not computed yet"),
    FIRST_BAD_STEP: Output(unit="step", meaning="first step that was not finite, -1 for none"),
}


def layout_of(sweep: Sweep, plan: ChunkPlan) -> dict[str, bytes]:
    """Return metadata and coordinates of a sweep, by the path of their file below its arrays."""
    contents: dict[str, Any] = {}
    _make_group(MemoryStore(contents), sweep, plan)
    return {key: contents[key].to_bytes() for key in sorted(contents)}


def description_of(
    sweep: Sweep, plan: ChunkPlan, environment: dict[str, Any], layout: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return what the description of a sweep says, the metadata of its ``layout`` included."""
    return {
        "format": FORMAT,
        "asked": sweep.identity(),
        "identity": sweep.fingerprint(),
        "shape": list(sweep.shape),
        "axes": [dimension.name for dimension in sweep.dimensions],
        "results": list(results_of(sweep)),
        "plan": plan.as_dict(),
        "blocks": plan.blocks(sweep.shape, bytes_a_point(sweep)).as_dict(),
        "environment": environment,
        "metadata": {
            key: json.loads(content) for key, content in layout.items() if key.endswith("zarr.json")
        },
    }


def _make_group(store: MemoryStore, sweep: Sweep, plan: ChunkPlan) -> None:
    """Make the arrays of a sweep, empty but for the coordinates."""
    columns = [(d.name, column) for d in sweep.dimensions for column in d.columns]
    names = " ".join(column.name for _, column in columns)
    about = {"sweep": sweep.name, "coordinates": names}
    group = zarr.create_group(store, zarr_format=3, attributes=about)
    codecs = [ZstdCodec(), Crc32cCodec()]
    for dimension, column in columns:
        group.create_array(
            column.name,
            data=column.values,
            chunks=(len(column),),
            compressors=codecs,
            dimension_names=(dimension,),
            attributes=described(Output(column.unit, column.meaning)),
            config={"write_empty_chunks": True},
        )
    design = tuple(dimension.name for dimension in sweep.dimensions)
    blocks = plan.blocks(sweep.shape, bytes_a_point(sweep))
    for name, (output, own_shape, dtype) in results_of(sweep).items():
        group.create_array(
            name,
            shape=sweep.shape + own_shape,
            chunks=blocks.chunk_shape(sweep.shape) + own_shape,
            dtype=dtype,
            compressors=codecs,
            fill_value=absent_value(name, dtype),
            dimension_names=design + output.dims,
            attributes=described(output),
        )


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
