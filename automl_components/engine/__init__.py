"""Nouns: the machine learning, on frames, arrays and estimators; never on paths."""

import os

# OpenMP's threads spin while they wait, by default. On a machine that does anything else besides, that costs far
# more than it saves: measured with both cores busy, a LightGBM fit of 1.3 s takes 82 s. It must be said before the
# libraries load; a user's own setting wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
