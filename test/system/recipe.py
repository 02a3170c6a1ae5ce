"""Failing machines: one small logistic regression a tenant."""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from myriad.training import Inconclusive, TrainingResult, TrainingTask, export_tabular_classifier

MIN_ROWS = 500


def train(task: TrainingTask) -> TrainingResult | Inconclusive:
    """Fits on all rows and reports how many there were."""
    frame = task.dataset("machines").frame()
    if len(frame) < MIN_ROWS:
        return Inconclusive(f"{len(frame)} rows; a model needs {MIN_ROWS}")
    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(), StandardScaler()), ["load", "age"]),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), ["region"]),
        ]
    )
    classifier = make_pipeline(columns, LogisticRegression(max_iter=200, random_state=task.seed))
    classifier.fit(frame[task.feature_names], frame[task.label])
    task.log(f"{len(frame)} rows fitted")
    return export_tabular_classifier(classifier, task.features, frame).result({"rows": len(frame)})
