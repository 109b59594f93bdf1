"""Settings for every test."""

import os

from hypothesis import Phase, settings

settings.register_profile("default", max_examples=40, deadline=None)
settings.register_profile("thorough", max_examples=2000, deadline=None)
# For those who only want to know whether something fails: the seeded bugs of tests/core/mutants.
settings.register_profile("unshrunk", max_examples=40, deadline=None, database=None, phases=[Phase.generate])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
