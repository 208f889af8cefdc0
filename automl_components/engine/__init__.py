"""Nouns: the machine learning, on frames, arrays and estimators; never on paths."""
