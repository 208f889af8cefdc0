"""Personal data is shown nowhere that others look: not in a model's example, not in its recipe, not in a report."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from automl_components import stages
from automl_components.guardrails.personal_data import masked_rows

ROWS = 120
NAMES = [
    "Anna",
    "James",
    "Jessica",
    "Robert",
    "Laura",
    "Peter",
    "Linda",
    "Thomas",
    "David",
    "Susan",
    "Karen",
    "Paul",
]
SURNAMES = ["Smithers", "Garciarena", "Millwright", "Davisson", "Clarkson", "Bakerfield", "Youngblood"]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    first, last = rng.choice(NAMES, ROWS), rng.choice(SURNAMES, ROWS)
    people = [f"{one} {other}" for one, other in zip(first, last, strict=True)]
    return pd.DataFrame(
        {
            "full_name": people,
            "first_name": first,
            "mails": [f"{name.lower()}@quillfeather.org" for name in first],
            "mobile_number": [6_640_000_000 + int(n) for n in rng.integers(1e6, 9e6, ROWS)],
            "height": rng.normal(170, 9, ROWS),
            "kind": rng.choice(["oak", "elm"], ROWS),
        }
    )


def test_no_file_for_others_holds_a_name(tmp_path):
    frame = table()
    one_hot = {"one_hot_encoder": [{"fields": ["first_name"], "parameters": {}}]}
    featurization = {"column_name_and_types": {"mobile_number": "Numeric"}, "transformer_params": one_hot}
    stages.validate_data(
        output=tmp_path, training_data=frame, task="classification", target_column_name="kind",
        featurization=featurization,
    )  # fmt: skip
    stages.featurize_data(
        output=tmp_path, checked_data=tmp_path / "checked_data", featurization=featurization
    )
    folder = tmp_path / "featurizer"
    shown = [tmp_path / "guardrail_report" / "findings.json", *folder.glob("*.json"), *folder.glob("*.yml")]
    text = " ".join(file.read_text() for file in shown).lower()
    secrets = [*map(str.lower, [*NAMES, *SURNAMES]), "quillfeather", *map(str, frame["mobile_number"])]
    assert len(shown) >= 4
    assert [secret for secret in secrets if secret in text] == []
    assert "full_name" in text


def test_the_example_can_be_predicted(tmp_path):
    import mlflow.pyfunc

    stages.validate_data(
        output=tmp_path, training_data=table(), task="classification", target_column_name="kind"
    )
    stages.featurize_data(output=tmp_path, checked_data=tmp_path / "checked_data")
    example = json.loads((tmp_path / "featurizer" / "input_example.json").read_text())
    rows = pd.DataFrame(example["data"], columns=example["columns"])
    given = mlflow.pyfunc.load_model(str(tmp_path / "featurizer")).predict(rows)
    assert len(given) == len(rows) == 3
    assert rows["first_name"].str.fullmatch("Xx+").all()
    assert np.allclose(rows["height"], table()["height"].head(3))


@pytest.mark.parametrize("dtype", ["object", "string", "category"])
def test_texts_keep_shape_and_dtype(dtype):
    column = pd.Series(["ann@mail.org", None, "Bo@x.at"], dtype=dtype)
    hidden = masked_rows(pd.DataFrame({"a": column}), ["a", "not there"])["a"]
    assert hidden.dtype.name == column.dtype.name
    assert hidden.isna().tolist() == [False, True, False]
    assert hidden.dropna().tolist() == ["xxx@xxxx.xxx", "Xx@x.xx"]


@pytest.mark.parametrize("dtype", ["int64", "float64", "Int64", "float32"])
def test_numbers_keep_their_length_and_dtype(dtype):
    column = pd.Series([664123, 77], dtype=dtype)
    hidden = masked_rows(pd.DataFrame({"a": column}), ["a"])["a"]
    assert hidden.dtype == column.dtype
    assert hidden.tolist() == [100000, 10]
