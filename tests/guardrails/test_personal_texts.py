"""Personal data inside of longer texts: found, counted, and hidden where others look."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from automl_components import stages
from automl_components.core.masks import hidden, words_of_addresses
from automl_components.guardrails.personal_text import find_within, is_free_text

WORDS = [
    "please",
    "call",
    "me",
    "back",
    "about",
    "the",
    "order",
    "it",
    "came",
    "late",
    "and",
    "the",
    "box",
    "was",
    "open",
    "thanks",
]


def told(texts):
    """Kinds and rows."""
    return {one.kind: one.rows for one in find_within(pd.Series(texts).value_counts())}


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("e-mail addresses", ["write to ann.lee@mail.org today"]),
        ("telephone numbers", ["Call 08712774810 NOW", "ring 0800 542 0825", "my no. is +44 7797 706009!"]),
        ("telephone numbers", ["(555) 123-4567 after six", "or 555-123-4568", "try 555.123.4569"]),
        (
            "card numbers",
            ["card 4111 1111 1111 1111", "paid by 5500005555555559", "use 4012-8888-8888-1881 please"],
        ),
        ("IBAN account numbers", ["send it to DE89 3704 0044 0532 0130 00 by Monday"]),
        (
            "national ids (US social security)",
            ["ssn 123-45-6789", "his is 219-09-9999 ok", "number 078-05-1120"],
        ),
    ],
)
def test_every_kind_is_found(kind, texts):
    assert told([*texts, "nothing here at all"]) == {kind: len(texts)}


@pytest.mark.parametrize(
    "texts",
    [
        ["order 1234567890 has left", "order 1234567891 has left", "order 1234567892 has left"],
        ["from 2020-01-31 to 2021-02-28", "on 31.12.2019 at 10:15:00", "2019-07-04 12:30"] * 2,
        ["scores 100 200 3000 400", "100 300 4000 here", "500 600 7000 there"],
        ["it cost 1,234,567.89 EUR", "gained +12.5 % or -3.25", "1e-10 of 3.14159265358979"],
        ["see https://medium.com/@someone/a-story-of-ours", "twitter @someone", "a @ b.c"],
        ["version 10.20.30.40 of 4111111111111112", "item 4111111111111113", "item 5500005555555550"],
        ["part no. AB12 3456", "serial GB82 WEST", "chapter 12-34-5678"],
    ],
)
def test_what_only_looks_like_it_is_not_told(texts):
    assert told(texts) == {}


def test_only_free_text_is_read_so():
    assert is_free_text(pd.Series({"see you at eight": 1, "no": 1, "where are you": 1}))
    assert not is_free_text(pd.Series({"red": 3, "blue": 2, "dark green": 1}))
    assert words_of_addresses(pd.Series(["to Ann.Lee@mail.org", None, "b"])) == {"ann", "lee", "mail", "org"}


def test_the_rest_of_a_text_stays():
    assert hidden("Pay 4111 1111 1111 1111 to DE89 3704 0044 0532 0130 00 before 2024-05-01") == (
        "Pay 0000 0000 0000 0000 to XX00 0000 0000 0000 0000 00 before 2024-05-01"
    )


def test_what_is_in_texts_is_shown_to_nobody(tmp_path):
    rng = np.random.default_rng(0)
    rows = 300
    texts = [" ".join(rng.choice(WORDS, 9)) for _ in range(rows)]
    for at in range(0, rows, 10):
        texts[at] += f" quillfeather@smithers.org or 0871277{4810 if at % 20 else at + 1000}"
    frame = pd.DataFrame({"message": texts, "kind": rng.choice(["oak", "elm"], rows)})
    stages.validate_data(
        output=tmp_path, training_data=frame, task="classification", target_column_name="kind"
    )
    stages.featurize_data(output=tmp_path, checked_data=tmp_path / "checked_data")
    findings = json.loads((tmp_path / "guardrail_report" / "findings.json").read_text())
    (found,) = (one for one in findings if one["code"] == "personal-data")
    assert found["status"] == "Alerted"
    assert "telephone numbers (in 30 rows)" in found["summary"]
    assert "e-mail addresses (in 30 rows)" in found["summary"]
    folder = tmp_path / "featurizer"
    shown = [tmp_path / "guardrail_report" / "findings.json", *folder.glob("*.json"), *folder.glob("*.yml")]
    text = " ".join(file.read_text() for file in shown).lower()
    assert [secret for secret in ("quillfeather", "smithers", "0871277") if secret in text] == []
    assert "thanks" in text  # words that are nobody's are still told
