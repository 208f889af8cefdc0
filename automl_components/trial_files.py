"""The files of trials: ``trials/0007`` holds out-of-fold predictions and the learners of the splits."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_components.core.errors import ArtifactError

if TYPE_CHECKING:
    import numpy as np

    from automl_components.engine.learner import Learner
    from automl_components.engine.trial import Fold

MODEL_BYTES = 48 * 2**20
"""Larger learners are not kept, and fitted again where they are needed."""


class TrialFiles:
    """What a search keeps of its trials (:class:`automl_components.engine.search.Store`).

    Parameters
    ----------
    folder : Path
        The ``trials`` artifact, or its draft.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def trial(self, number: int) -> Path:
        """The folder of a trial."""
        return self.folder / f"{number:04d}"

    def place(self, number: int, part: int) -> dict[str, Any]:
        """Where a worker writes predictions and learner of a split."""
        folder = self.trial(number)
        folder.mkdir(exist_ok=True)
        return {
            "out": str(folder / f"split-{part}.npy"),
            "model": str(self.model(number, part)),
            "model_bytes": MODEL_BYTES,
        }

    def model(self, number: int, part: int) -> Path:
        """The file of a split's learner."""
        return self.trial(number) / f"split-{part}.skops"

    def folds(self, number: int, key: str) -> list[Fold]:
        """Finished splits of a trial without a result."""
        from automl_components import formats
        from automl_components.engine.trial import Fold

        records = [formats.read_json(path) for path in sorted(self.trial(number).glob("split-*.json"))]
        return [Fold(**record["fold"]) for record in records if record["key"] == key]

    def keep_fold(self, number: int, key: str, fold: Fold) -> None:
        """Note that the files of a split are whole."""
        from automl_components import formats

        formats.write_json(self.trial(number) / f"split-{fold.part}.json", {"key": key, "fold": asdict(fold)})

    def predictions(self, number: int, part: int) -> np.ndarray:
        """Predictions of a split for its validation rows."""
        import numpy as np

        found: np.ndarray = np.load(self.trial(number) / f"split-{part}.npy")
        return found

    def keep(self, number: int, predictions: np.ndarray) -> None:
        """Write the out-of-fold predictions: probabilities as float32, values as float64."""
        import numpy as np

        path = self.trial(number) / "oof.npy"
        np.save(
            path.with_suffix(".part.npy"),
            predictions.astype(np.float32 if predictions.ndim == 2 else np.float64),
        )
        os.replace(path.with_suffix(".part.npy"), path)

    def out_of_fold(self, number: int) -> np.ndarray:
        """Out-of-fold predictions of a completed trial."""
        import numpy as np

        found: np.ndarray = np.load(self.trial(number) / "oof.npy")
        return found

    def has(self, number: int) -> bool:
        """Whether a completed trial's predictions are still there."""
        return (self.trial(number) / "oof.npy").exists()

    def learners(self, number: int) -> list[Learner]:
        """The learners of a trial's splits, in their order; none where they were not kept.

        Raises
        ------
        TrustError
            A file holds types that no learner is made of.
        ArtifactError
            A file is damaged.
        """
        from automl_components.engine.learner import Learner
        from automl_components.flavor.trust import restore

        learners = []
        for path in sorted(self.trial(number).glob("split-*.skops"), key=_part):
            learner = restore(path)
            if not isinstance(learner, Learner):
                raise ArtifactError(
                    f"{path} holds a {type(learner).__name__}, not a learner; run the search again"
                )
            learners.append(learner)
        return learners

    def tidy(self, results: dict[int, bool]) -> None:
        """Remove what is needed no more: the splits' predictions and notes, and trials without a result.

        Parameters
        ----------
        results : mapping of trial number to bool
            Whether the trial was completed.
        """
        for folder in self.folder.glob("[0-9]*"):
            if not results.get(int(folder.name), False):
                shutil.rmtree(folder)
                continue
            for pattern in ("split-*.npy", "split-*.json", "*.part*"):
                for path in folder.glob(pattern):
                    path.unlink()


def _part(path: Path) -> int:
    return int(path.stem.removeprefix("split-"))
