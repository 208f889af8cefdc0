"""Naive Bayes for yes and no."""

from __future__ import annotations

from automl_components.algorithms import Algorithm, multinomial_naive_bayes

BERNOULLI_NAIVE_BAYES = Algorithm(
    name="bernoulli_naive_bayes",
    title="BernoulliNaiveBayes",
    estimators={"classification": "sklearn.naive_bayes:BernoulliNB"},
    view="binary",
    defaults=multinomial_naive_bayes.defaults,
    space=multinomial_naive_bayes.space,
    rank=140,
    aliases=("BernoulliNB",),
)
