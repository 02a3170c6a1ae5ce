"""The exported graph answers as the classifier does, in the form that Myriad serves."""

from __future__ import annotations

import numpy
import onnx
import onnxruntime
import pandas
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from myriad.training import ExportError, Feature, export_tabular_classifier
from myriad.training.export import input_tensors

FEATURES = [Feature("hour", "numeric"), Feature("distance", "numeric"), Feature("origin", "categorical")]
NAMES = [feature.name for feature in FEATURES]


def rows(count: int, seed: int) -> pandas.DataFrame:
    random = numpy.random.default_rng(seed)
    frame = pandas.DataFrame(
        {
            "hour": random.integers(0, 24, count).astype("float64"),
            "distance": random.integers(100, 2500, count).astype("float64"),
            "origin": random.choice(["EWR", "JFK", "LGA", ""], count).astype(object),
        }
    )
    logit = frame["hour"] / 8 - 1.5 + (frame["origin"] == "JFK") + random.normal(0, 1, count)
    frame["delayed"] = (logit > 0).astype(int)
    frame.loc[random.random(count) < 0.1, "hour"] = numpy.nan
    frame.loc[random.random(count) < 0.1, "distance"] = numpy.nan
    return frame


def fitted(estimator: object) -> object:
    # A tree's threshold must not depend on how a scaled number is rounded to float32.
    is_tree = isinstance(estimator, (GradientBoostingClassifier, RandomForestClassifier))
    numeric = (
        make_pipeline(SimpleImputer(strategy="median")) if is_tree else make_pipeline(SimpleImputer(), StandardScaler())
    )
    columns = ColumnTransformer(
        [
            ("numeric", numeric, ["hour", "distance"]),
            ("categorical", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["origin"]),
        ]
    )
    frame = rows(2000, seed=1)
    return make_pipeline(columns, estimator).fit(frame[NAMES], frame["delayed"])


ESTIMATORS = {
    "logistic": LogisticRegression(max_iter=500),
    "boosted": GradientBoostingClassifier(n_estimators=20, random_state=0),
    "forest": RandomForestClassifier(n_estimators=10, max_depth=5, random_state=0),
    "network": MLPClassifier((8,), max_iter=50, random_state=0),
}


def session(model: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.filterwarnings("ignore:.*(converge|Maximum iterations).*")
def test_graph_and_classifier_agree_on_missing_numbers_and_unknown_categories(name: str) -> None:
    classifier = fitted(ESTIMATORS[name])
    export = export_tabular_classifier(classifier, FEATURES, rows(500, seed=2))
    unseen = rows(1000, seed=3)
    unseen.loc[:200, "origin"] = "XXX"
    unseen.loc[100:120, ["hour", "distance"]] = numpy.nan
    label, probability = session(export.onnx).run(["label", "probability"], input_tensors(unseen, FEATURES))
    expected = classifier.predict_proba(unseen[NAMES])[:, 1]
    assert abs(probability - expected).max() < 1e-5
    sure = abs(expected - 0.5) > 1e-5
    assert (label[sure] == classifier.predict(unseen[NAMES])[sure]).all()


@pytest.mark.parametrize("name", ["logistic", "boosted"])
def test_signature_is_one_input_a_column_and_two_flat_outputs(name: str) -> None:
    model = onnx.load_from_string(export_tabular_classifier(fitted(ESTIMATORS[name]), FEATURES, rows(50, 2)).onnx)
    onnx.checker.check_model(model, full_check=True)
    of = onnx.TensorProto.DataType.Name
    form = lambda tensor: (  # noqa: E731
        tensor.name,
        of(tensor.type.tensor_type.elem_type),
        [dim.dim_value or dim.dim_param for dim in tensor.type.tensor_type.shape.dim],
    )
    assert [form(tensor) for tensor in model.graph.input] == [
        ("hour", "FLOAT", ["rows", 1]),
        ("distance", "FLOAT", ["rows", 1]),
        ("origin", "STRING", ["rows", 1]),
    ]
    assert [form(tensor) for tensor in model.graph.output] == [
        ("label", "INT64", ["rows"]),
        ("probability", "FLOAT", ["rows"]),
    ]
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx.ml"}
    assert {entry.domain for entry in model.opset_import} <= {"", "ai.onnx.ml"}


def test_a_batch_of_a_logistic_model_gives_bit_for_bit_what_its_rows_give() -> None:
    run = session(export_tabular_classifier(fitted(ESTIMATORS["logistic"]), FEATURES, rows(50, 2)).onnx)
    inputs = input_tensors(rows(3001, seed=4), FEATURES)

    def scores(size: int) -> bytes:
        parts = [
            run.run(["probability"], {name: array[at : at + size] for name, array in inputs.items()})[0]
            for at in range(0, 3001, size)
        ]
        return numpy.concatenate(parts).tobytes()

    assert scores(1) == scores(7) == scores(1000) == scores(3001)


def test_equal_models_have_equal_bytes() -> None:
    first, second = (
        export_tabular_classifier(fitted(LogisticRegression(max_iter=500)), FEATURES, rows(50, 2)).onnx for _ in "ab"
    )
    assert first == second


def test_recorded_rows_are_the_classifiers_own_answers_at_most_64() -> None:
    classifier = fitted(ESTIMATORS["logistic"])
    export = export_tabular_classifier(classifier, FEATURES, rows(500, seed=2))
    assert {name: array.shape for name, array in export.parity_inputs.items()} == {name: (64, 1) for name in NAMES}
    assert export.parity_outputs["probability"].shape == (64,)
    assert export.parity_outputs["label"].dtype == numpy.int64
    assert set(export.parity_inputs["origin"].ravel()) <= {"EWR", "JFK", "LGA", ""}


@pytest.mark.parametrize("classes", [["no", "yes"], [0, 1, 2], [1, 2]])
def test_other_classes_than_0_and_1_are_refused(classes: list[object]) -> None:
    frame = rows(300, seed=1).fillna({"hour": 0, "distance": 0})
    label = numpy.array(classes, dtype=object if isinstance(classes[0], str) else int)[
        numpy.arange(len(frame)) % len(classes)
    ]
    classifier = LogisticRegression(max_iter=5000).fit(frame[["hour", "distance"]], label)
    with pytest.raises(ExportError, match="exactly 0 and 1"):
        export_tabular_classifier(classifier, FEATURES[:2], frame)


@pytest.mark.parametrize("is_by_column", [False, True])
@pytest.mark.parametrize("name", ["logistic", "boosted"])
def test_columns_may_have_nearly_any_name(name: str, is_by_column: bool) -> None:
    names = ["weights", "variable", "flat", "probabilities", "output_label", "matrix", "distance (miles) é"]
    random = numpy.random.default_rng(0)
    frame = pandas.DataFrame({column: random.normal(size=300) for column in names})
    label = (frame.sum(axis=1) > 0).astype(int)
    estimator = clone(ESTIMATORS[name])
    if is_by_column:
        estimator = make_pipeline(ColumnTransformer([("numeric", SimpleImputer(), names)]), estimator)
    export = export_tabular_classifier(estimator.fit(frame, label), [Feature(name, "numeric") for name in names], frame)
    assert [tensor.name for tensor in session(export.onnx).get_inputs()] == names


@pytest.mark.parametrize("column", ["label", "probability", "/out/bias"])
def test_columns_with_names_that_the_model_needs_are_refused(column: str) -> None:
    frame = pandas.DataFrame({column: numpy.arange(100.0)})
    classifier = LogisticRegression().fit(frame, frame[column] > 50)
    with pytest.raises(ExportError, match="names that the model needs"):
        export_tabular_classifier(classifier, [Feature(column, "numeric")], frame)


def test_an_estimator_without_onnx_form_is_refused_by_name() -> None:
    class Mine(LogisticRegression):
        pass

    frame = rows(300, seed=1).fillna({"hour": 0, "distance": 0})
    mine = Mine().fit(frame[["hour", "distance"]], frame["delayed"])
    with pytest.raises(ExportError, match="Mine has no ONNX form"):
        export_tabular_classifier(mine, FEATURES[:2], frame)


def test_a_graph_that_disagrees_is_refused() -> None:
    class Shifted:
        """Says other probabilities than what is converted."""

        def __init__(self, inner: object) -> None:
            self.inner, self.classes_ = inner, [0, 1]

        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def predict_proba(self, frame: pandas.DataFrame) -> numpy.ndarray:
            return self.inner.predict_proba(frame) * 0.9  # type: ignore[attr-defined]

    from myriad.training import export as module

    classifier = fitted(ESTIMATORS["logistic"])
    convert = module._convert
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_convert", lambda wrapped, features: convert(wrapped.inner, features))
        with pytest.raises(ExportError, match="a probability differs by 0"):
            export_tabular_classifier(Shifted(classifier), FEATURES, rows(50, 2))
