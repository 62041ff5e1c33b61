"""Which members are finished already, and at which setting those of a condition are tested."""

from experiments.members.condition import Condition, Wanted
from rhythmic.records import Row
from rhythmic.runs.rows import RowStore
from rhythmic.training.search import Setting, select_setting


class MemberStore(RowStore):
    """Finished members: the run's own rows, and those of shared results files.

    Learning curves of members that were not tested stay in the run folder: the files that are kept
    with the code are kept small.
    """

    def as_shared(self, row: Row) -> Row:
        """Return a row without the learning curve of a member that was not tested."""
        if row.get("test_accuracy") is not None:
            return row
        return {name: value for name, value in row.items() if name != "history"}

    def setting(self, condition: Condition) -> Setting:
        """Return the setting chosen on validation; every member of ``tuning`` must be finished."""
        if len(condition.settings) == 1:
            return condition.settings[0]
        return select_setting([self.rows[wanted.name()] for wanted in tuning(condition)])

    def tested(self, condition: Condition) -> list[Wanted]:
        """Return the members that read their test examples, at the chosen setting."""
        setting = self.setting(condition)
        return [Wanted(condition, setting, seed, tested=True) for seed in condition.seeds]

    def results(self, condition: Condition) -> list[Row]:
        """Return the rows of all tested members, in the order of the seeds.

        They bear the label of this condition; another question may know them by another one.
        """
        label = {"label": condition.label}
        return [self.rows[wanted.name()] | label for wanted in self.tested(condition)]


def tuning(condition: Condition) -> list[Wanted]:
    """Return the members among which a setting is chosen; none if there is no choice."""
    if len(condition.settings) == 1:
        return []
    return [
        Wanted(one, setting, seed, tested=False)
        for one in condition.tuned_on or (condition,)
        for setting in condition.settings
        for seed in one.tuning_seeds
    ]
