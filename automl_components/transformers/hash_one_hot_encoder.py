"""Categories too many to list, as the codes of hash buckets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import murmurhash3_32

from automl_components.core.errors import SettingsError
from automl_components.transformers import Fitted, Transformer


class HashOneHotEncoder(Fitted):
    """int32 codes 0 .. 2**number_of_bits - 1 by MurmurHash3 of the label; -1 where missing.

    Nothing is learned, so the model stays small and a label never seen has its bucket too. The buckets are
    kept as one column of codes; a learner that needs columns of zeros and ones makes them from it.

    Parameters
    ----------
    number_of_bits : int
        From 1 to 20: the number of buckets is two to this power.
    """

    names: list[str]

    def __init__(self, number_of_bits: int = 12) -> None:
        if type(number_of_bits) is not int or not 1 <= number_of_bits <= 20:
            raise SettingsError(
                f"hash_one_hot_encoder: number_of_bits is from 1 to 20, not {number_of_bits!r}"
            )
        self.number_of_bits = number_of_bits

    @property
    def levels(self) -> list[str]:
        """Names of the buckets."""
        return [str(bucket) for bucket in range(2**self.number_of_bits)]

    def fit(self, column: pd.Series) -> HashOneHotEncoder:
        """Only the name is kept."""
        self.names = [f"{column.name}_hash"]
        return self

    def transform(self, column: pd.Series) -> np.ndarray:
        """int32 array of shape (rows, 1)."""
        texts = (str(text).encode("utf-8", "surrogatepass") for text in column.cat.categories)
        buckets = [murmurhash3_32(text, positive=True) % 2**self.number_of_bits for text in texts]
        return np.array([*buckets, -1], dtype=np.int32)[column.cat.codes.to_numpy()][:, None]


ENTRY = Transformer("hash_one_hot_encoder", "HashOneHotEncoder", "codes", "labels", HashOneHotEncoder)
