"""Training of many members at once."""

from rhythmic.training.configuration import (
    Hyperparameters,
    Members,
    TrainingConfiguration,
    make_members,
)
from rhythmic.training.group import EpochReport, GroupPlan, GroupTraining, plan_groups
from rhythmic.training.member import MemberTraining
from rhythmic.training.state import Best, Data, History, TestRecord, TrainingState

__all__ = [
    "Best",
    "Data",
    "EpochReport",
    "GroupPlan",
    "GroupTraining",
    "History",
    "Hyperparameters",
    "MemberTraining",
    "Members",
    "TestRecord",
    "TrainingConfiguration",
    "TrainingState",
    "make_members",
    "plan_groups",
]
