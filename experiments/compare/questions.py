"""The questions of the comparison, in the order in which the report asks them."""

QUESTIONS = ("precision",)
