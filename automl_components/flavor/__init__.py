"""How models lie on disk: MLflow model folders that a person, a server or ``automl predict`` can load.

::

    best_model/
      MLmodel                  MLflow's description: loader, signature, environment
      data/model/model.json    what it is: format number, task, target, classes, raw columns, metadata
      data/model/model.skops   the fitted objects; the file names their types, and holds no code
      code/automl_components/  the modules of this package that predicting needs, and no others
      requirements.txt, conda.yaml, python_env.yaml, input_example.json, ...

``mlflow.pyfunc.load_model(folder).predict(rows)`` gives labels or values as an array of shape (rows,), as
MLflow's scoring server and its evaluation expect; with ``params={"method": "predict_proba"}`` it gives a
DataFrame with a column ``proba_<class>`` a class. A featurizer folder gives a DataFrame of features.

Every input of the signature is required and of MLflow's type ``any``. Its other types refuse what a model
can read here: ``double`` refuses 64-bit integers and truth values, ``long`` missing values and whole floats,
``string`` categories, numbers and a batch in which the column happens to be all null, ``datetime`` dates as
text or with a time zone. What a column was learned as stands in the metadata instead, under ``column_types``:
its purpose and its dtype in the training rows (of more than
1,000 columns in ``model.json`` alone). Values that do not fit are counted in a warning as they come, see
:mod:`automl_components.engine.unread`.

``model.json`` has the number of the format: a version of this package reads models of its own format, and names
what is to be done with any other.
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
