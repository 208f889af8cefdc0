"""Every nasty column is taken for what it is, and can be featurized and read again in other clothes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from column_facts import facts_about
from nasty_columns import NASTY

from automl_components.core.settings.featurization import REPAIRS
from automl_components.engine.columns import detect_purpose
from automl_components.engine.consequences import decided_repairs
from automl_components.engine.features import Featurizer
from automl_components.engine.purposes import DROPPED
from automl_components.guardrails import GUARDRAILS


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty.name)
def test_purpose(nasty):
    info = detect_purpose(pd.Series(nasty.values, name=nasty.name))
    assert info.purpose == nasty.purpose, info
    assert 0 <= info.confidence <= 1
    assert info.reason


@pytest.mark.parametrize(
    "nasty", [nasty for nasty in NASTY if nasty.purpose not in DROPPED], ids=lambda nasty: nasty.name
)
def test_rows_alone_and_as_objects_give_the_same_features(nasty):
    frame = pd.DataFrame({nasty.name: pd.Series(nasty.values)})
    featurizer = Featurizer()
    whole = featurizer.fit_transform(frame)
    assert not np.isinf(whole.numeric).any()
    some = np.array([0, 5, 17])
    for rows in (frame.iloc[some], frame.iloc[some].astype(object)):
        found, expected = featurizer.transform(rows), whole.take(some)
        np.testing.assert_array_equal(found.numeric, expected.numeric)
        np.testing.assert_array_equal(found.codes, expected.codes)
        if expected.sparse is not None:
            assert (found.sparse != expected.sparse).nnz == 0


@pytest.mark.parametrize("choice", ["auto", "all"])
@pytest.mark.parametrize(
    "nasty", [nasty for nasty in NASTY if nasty.findings & set(REPAIRS)], ids=lambda nasty: nasty.name
)
def test_what_findings_promise_is_done(nasty, choice):
    """As many cells as the finding says are repaired, and rows alone, in other clothes, are repaired alike."""
    frame = pd.DataFrame({nasty.name: pd.Series(nasty.values)})
    choices = dict.fromkeys(REPAIRS, choice)
    facts = replace(facts_about(frame), repairs=choices)
    found = [GUARDRAILS[code].finding(facts) for code in sorted(nasty.findings & set(REPAIRS))]
    repairs = decided_repairs(found, choices)
    assert choice == "auto" or repairs or all(one.status == "Done" for one in found)
    featurizer = Featurizer(repairs=repairs)
    whole = featurizer.fit_transform(frame)
    done = sum(repair["rows"] for repair in featurizer.recipes_[0].repairs)
    promised = [one for finding in found for one in finding.repairs if one.action in ("missing", "merged")]
    assert done == sum(one.rows for one in promised)
    for rows in (frame.iloc[[5]], frame.iloc[[5]].astype(object)):
        one, expected = featurizer.transform(rows), whole.take(np.array([5]))
        np.testing.assert_array_equal(one.numeric, expected.numeric)
        np.testing.assert_array_equal(one.codes, expected.codes)
