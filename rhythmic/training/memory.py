"""Telling an error of too little memory from others."""

import jax

OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "Out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error, of Python or of XLA, says that memory was exhausted."""
    if isinstance(error, MemoryError):
        return True
    of_xla = isinstance(error, jax.errors.JaxRuntimeError)
    return of_xla and any(sign in str(error) for sign in OUT_OF_MEMORY)
