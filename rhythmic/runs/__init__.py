"""What many independent runs share: finished rows by identity, states, memory and workers.

``rows``         finished rows by their identity, in files that runs and machines share
``claims``       who is at work on which, so that nothing is computed twice
``states``       the state of a run between its stages, in a file
``fitting``      how many rows a device holds at once, and fewer where memory runs out
``environment``  what decides the bits of a result, and who computes otherwise
``executors``    tasks given to workers, which may come, die and hang
"""
