"""Make hypothesis repeat the same examples in every run, so that a red build stays red."""

from hypothesis import settings

# No deadline: a slow machine is no fault. Derandomized examples need no database of their own.
settings.register_profile("stable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("stable")
