"""Names of the files of a sweep.

    run_dir/sweep.json        what is computed, in which chunks, on what; sealed by its own hash
    run_dir/results.zarr/     coordinates and results, readable by xarray and zarr alone
    run_dir/chunks/           one sealed record a finished chunk: hashes of its files, what made it
    run_dir/checkpoints/      states of chunks that are computed in stages
    run_dir/damaged/          what was found damaged and set aside
    run_dir/log.jsonl         times and host names, which are no results
    run_dir/provenance.jsonl  a line for every opening: commit, versions, device, command, time

A chunk counts once its record is there, and the record is written last: whatever stands in
``results.zarr`` before is written again.
"""

DESCRIPTION = "sweep.json"
RESULTS = "results.zarr"
RECORDS = "chunks"
CHECKPOINTS = "checkpoints"
LOG = "log.jsonl"
PROVENANCE = "provenance.jsonl"
