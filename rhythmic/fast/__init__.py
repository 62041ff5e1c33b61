"""The fast ways through time, all equal to the plain scan up to rounding, behind one door.

Which one computes is a value, see ``rhythmic.fast.ways``; ``time_mean_by`` takes it.
"""

from rhythmic.fast.events import Events, find_events, padded_events
from rhythmic.fast.free import free_trajectory, linear_states
from rhythmic.fast.resonant import mean_squared_amplitude
from rhythmic.fast.resonant_events import (
    FreeMotion,
    free_motion,
    mean_squared_amplitude_of_events,
)
from rhythmic.fast.ways import Method, Way, fastest_way, platform_of, time_mean_by, ways_of

__all__ = [
    "Events",
    "FreeMotion",
    "Method",
    "Way",
    "fastest_way",
    "find_events",
    "free_motion",
    "free_trajectory",
    "linear_states",
    "mean_squared_amplitude",
    "mean_squared_amplitude_of_events",
    "padded_events",
    "platform_of",
    "time_mean_by",
    "ways_of",
]
