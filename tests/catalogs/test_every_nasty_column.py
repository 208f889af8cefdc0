"""Every nasty column is taken for what it is, and can be featurized and read again in other clothes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from nasty_columns import NASTY

from automl_components.engine.columns import detect_purpose
from automl_components.engine.features import Featurizer
from automl_components.engine.purposes import DROPPED


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
