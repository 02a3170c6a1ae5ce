"""Arrival delay over fifteen minutes, from what is known before departure: one logistic regression a carrier.

`recipe.schema.json` says what the parameters may be.
"""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from myriad.training import Inconclusive, TrainingResult, TrainingTask, export_tabular_classifier

#: Of either class; with fewer, a validation part says nothing.
MIN_ROWS_OF_A_CLASS = 50


def train(task: TrainingTask) -> TrainingResult | Inconclusive:
    """Fits on the task's dataset less a validation part, and reports ``auc`` on that part."""
    frame = task.dataset("flights").frame()
    min_rows = task.parameters.get("minRows", 1000)
    rows_of_class = frame[task.label].value_counts().reindex([0, 1], fill_value=0)
    if len(frame) < min_rows:
        return Inconclusive(f"{len(frame)} flights; a model needs {min_rows}")
    if rows_of_class.min() < MIN_ROWS_OF_A_CLASS:
        return Inconclusive(
            f"{rows_of_class[1]} delayed and {rows_of_class[0]} punctual flights; "
            f"a model needs {MIN_ROWS_OF_A_CLASS} of each"
        )

    fitted, held_out = train_test_split(
        frame,
        test_size=task.parameters.get("validationShare", 0.2),
        random_state=task.seed,
        stratify=frame[task.label],
    )
    classifier = make_classifier(task)
    classifier.fit(fitted[task.feature_names], fitted[task.label])
    auc = roc_auc_score(held_out[task.label], classifier.predict_proba(held_out[task.feature_names])[:, 1])
    task.metric("auc", auc)
    task.log(f"{len(fitted)} flights fitted, {len(held_out)} held out, AUC {auc:.3f}")
    metrics = {"auc": auc, "rows": len(frame), "delayedShare": rows_of_class[1] / len(frame)}
    return export_tabular_classifier(classifier, task.features, held_out).result(metrics)


def make_classifier(task: TrainingTask) -> Pipeline:
    """Missing numbers become the mean; an airport never seen in training counts as none of the known ones."""
    numeric = [feature.name for feature in task.features if feature.kind == "numeric"]
    categorical = [feature.name for feature in task.features if feature.kind == "categorical"]
    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), numeric),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), categorical),
        ]
    )
    regression = LogisticRegression(
        C=task.parameters.get("inverseRegularization", 1.0),
        max_iter=task.parameters.get("maxIterations", 1000),
        random_state=task.seed,
    )
    return make_pipeline(columns, regression)
