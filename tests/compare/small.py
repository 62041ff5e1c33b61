"""The smallest comparison that has every part."""

from rhythmic.compare import ComparisonPlan

PLAN = ComparisonPlan(
    cells=("rrn", "rnn"),
    num_parameters=60,
    num_runs=2,
    budget=1,
    num_updates=20,
    num_ladders=1,
    ladder_budget=1,
)
