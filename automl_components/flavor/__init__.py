"""How models lie on disk: MLflow model folders that a person, a server or ``automl predict`` can load.

::

    best_model/
      MLmodel                  MLflow's description: loader, signature, environment
      data/model/model.json    what it is: format, task, target, classes, raw columns, metadata
      data/model/model.skops   the fitted objects; the file names their types, and holds no code
      code/automl_components/  the modules of this package that predicting needs, and no others
      requirements.txt, conda.yaml, python_env.yaml, input_example.json, ...

``mlflow.pyfunc.load_model(folder).predict(rows)`` gives labels or values as an array of shape (rows,), as
MLflow's scoring server and its evaluation expect; with ``params={"method": "predict_proba"}`` it gives a
DataFrame with a column ``proba_<class>`` a class. A featurizer folder gives a DataFrame of features.

Every input of the signature is required and of MLflow's type ``any``. Its other types refuse what a model
can read here: ``double`` refuses 64-bit integers, ``long`` missing values, ``string`` categories, and each of
them a batch in which that column happens to be all null.
"""

from automl_components.flavor.loading import (
    DATA,
    FORMAT,
    _load_pyfunc,
    load_featurizer,
    load_model,
    predictor_metadata,
)
from automl_components.flavor.saving import EXAMPLE_ROWS, save_featurizer, save_model

__all__ = [
    "DATA", "EXAMPLE_ROWS", "FORMAT", "_load_pyfunc", "load_featurizer", "load_model", "predictor_metadata",
    "save_featurizer", "save_model",
]  # fmt: skip
