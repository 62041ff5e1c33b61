"""Networks that an experiment wants, trained once and kept as rows of small tables."""

from experiments.members.condition import Condition, Pool, Wanted
from experiments.members.store import MemberStore
from experiments.members.train import train_members

__all__ = ["Condition", "MemberStore", "Pool", "Wanted", "train_members"]
