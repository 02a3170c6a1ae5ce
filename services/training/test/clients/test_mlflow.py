"""The `mlflow` package, unmodified, tracks experiments and runs against Myriad."""

from __future__ import annotations

import math
import os
import re

import mlflow
import numpy
import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression

URL = os.environ["MYRIAD_HTTP"]
TOKENS = {"acme": os.environ["MYRIAD_TOKEN"], "apex": os.environ["MYRIAD_OTHER_TOKEN"]}


@pytest.fixture(autouse=True)
def acting_for_acme(monkeypatch: pytest.MonkeyPatch) -> None:
    act_for(monkeypatch, "acme")


def act_for(monkeypatch: pytest.MonkeyPatch, tenant: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKENS[tenant])
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri(URL)


def run_of(run_id: str) -> mlflow.entities.Run:
    return MlflowClient().get_run(run_id)


def test_a_script_tracks_a_run_with_all_that_belongs_to_it(tmp_path) -> None:
    mlflow.set_experiment("Flight delay / deep: 1")
    with mlflow.start_run(run_name="first", tags={"team": "ops"}, description="a try") as run:
        mlflow.log_param("depth", 3)
        mlflow.log_params({"rate": 0.1, "loss": "mse"})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"auc": 0.75, "odd": math.nan, "far": -math.inf})
        mlflow.set_tag("stage", "α / β")
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
        (tmp_path / "empty.bin").write_bytes(b"")
        (tmp_path / "large one.bin").write_bytes(os.urandom(3_000_000))
        mlflow.log_artifacts(str(tmp_path), "files")
        run_id = run.info.run_id
    found = run_of(run_id)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "first"
    assert found.info.end_time >= found.info.start_time
    assert found.data.params == {"depth": "3", "rate": "0.1", "loss": "mse"}
    assert found.data.metrics["loss"] == 0.2
    assert math.isnan(found.data.metrics["odd"])
    assert found.data.metrics["far"] == -math.inf
    assert found.data.tags["team"] == "ops"
    assert found.data.tags["stage"] == "α / β"
    history = MlflowClient().get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(s, 1 / (s + 1)) for s in range(5)]
    artifacts = {entry.path: (entry.is_dir, entry.file_size) for entry in MlflowClient().list_artifacts(run_id)}
    assert artifacts == {"config.json": (False, 29), "files": (True, None), "notes": (True, None)}
    folder = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="files", dst_path=str(tmp_path / "back"))
    for name in ("empty.bin", "large one.bin"):
        assert (tmp_path / name).read_bytes() == open(os.path.join(folder, name), "rb").read()
    assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "hello"


def test_what_was_logged_is_found_by_search() -> None:
    client = MlflowClient()
    experiment = client.create_experiment("search", tags={"kind": "test"})
    runs = []
    for depth in range(6):
        run = client.create_run(experiment, run_name=f"try-{depth}", start_time=1_700_000_000_000 + depth)
        batch = [Metric("auc", depth / 10, 1, 0), Metric("f1 score", 1 - depth / 10, 1, 0)]
        client.log_batch(run.info.run_id, batch, [Param("depth", str(depth))], [RunTag("parity", str(depth % 2))])
        runs.append(run.info.run_id)

    def found(text: str, *order: str, **more) -> list[str]:
        return [run.info.run_name for run in client.search_runs([experiment], text, order_by=list(order), **more)]

    assert found("") == [f"try-{depth}" for depth in (5, 4, 3, 2, 1, 0)]
    assert found("metrics.auc > 0.25 AND params.depth != '4'", "metrics.auc ASC") == ["try-3", "try-5"]
    assert found("metrics.`f1 score` >= 0.9", 'metrics."f1 score" DESC') == ["try-0", "try-1"]
    assert found("tags.parity = '1' and attributes.run_name LIKE 'try-%'", "params.depth ASC") == ["try-1", "try-3", "try-5"]
    assert found("attributes.start_time <= 1700000000001") == ["try-1", "try-0"]
    assert found("status = 'RUNNING'", max_results=2) == ["try-5", "try-4"]
    first = client.search_runs([experiment], max_results=4)
    rest = client.search_runs([experiment], max_results=4, page_token=first.token)
    assert ([len(first), len(rest)], rest.token) == ([4, 2], None)
    client.delete_run(runs[0])
    assert found("", run_view_type=ViewType.DELETED_ONLY) == ["try-0"]
    client.restore_run(runs[0])
    assert len(found("")) == 6
    frame = mlflow.search_runs([experiment], "metrics.auc > 0.35")
    assert sorted(frame["params.depth"]) == ["4", "5"]
    assert [one.name for one in client.search_experiments(filter_string="tags.kind = 'test'")] == ["search"]
    with pytest.raises(MlflowException, match="INVALID_PARAMETER_VALUE"):
        found("metrics.auc > 'high'")


def test_a_run_takes_a_param_once_and_a_batch_whole_or_not_at_all() -> None:
    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    client.log_param(run_id, "depth", 3)
    client.log_param(run_id, "depth", 3)
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_batch(run_id, [Metric("auc", 0.5, 1, 0)], [Param("depth", "4"), Param("rate", "1")])
    assert run_of(run_id).data.params == {"depth": "3"}
    assert run_of(run_id).data.metrics == {}
    # the same step and time with other values are other points
    client.log_batch(run_id, [Metric("auc", value / 4, 7, 0) for value in range(3)])
    assert [point.value for point in client.get_metric_history(run_id, "auc")] == [0, 0.25, 0.5]
    assert run_of(run_id).data.metrics == {"auc": 0.5}
    client.delete_run(run_id)
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.set_tag(run_id, "a", "b")


def test_experiments_are_renamed_deleted_and_restored() -> None:
    client = MlflowClient()
    assert client.get_experiment_by_name("Default").experiment_id == "0"
    experiment = client.create_experiment("short-lived")
    with pytest.raises(MlflowException) as refused:
        client.create_experiment("short-lived")
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    run_id = client.create_run(experiment).info.run_id
    client.delete_experiment(experiment)
    assert client.get_experiment(experiment).lifecycle_stage == "deleted"
    assert run_of(run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.create_run(experiment)
    client.restore_experiment(experiment)
    client.rename_experiment(experiment, "longer-lived")
    client.set_experiment_tag(experiment, "team", "ops")
    found = client.get_experiment_by_name("longer-lived")
    assert (found.experiment_id, found.tags) == (experiment, {"team": "ops"})
    assert client.get_experiment_by_name("short-lived") is None


def test_scikit_learn_logs_itself() -> None:
    mlflow.set_experiment("autolog")
    mlflow.sklearn.autolog(log_models=False, silent=True)
    try:
        with mlflow.start_run() as run:
            LogisticRegression(C=0.5).fit(numpy.array([[0.0], [1.0], [2.0], [3.0]]), numpy.array([0, 0, 1, 1]))
    finally:
        mlflow.sklearn.autolog(disable=True)
    found = run_of(run.info.run_id)
    assert found.data.params["C"] == "0.5"
    assert found.data.metrics["training_accuracy_score"] == 1.0
    assert found.data.tags["estimator_name"] == "LogisticRegression"
    assert [entry.dataset.source_type for entry in found.inputs.dataset_inputs] == ["code"]


def test_a_model_is_logged_and_loaded_back() -> None:
    rows, labels = numpy.array([[0.0], [1.0], [2.0], [3.0]]), numpy.array([0, 0, 1, 1])
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        logged = mlflow.sklearn.log_model(
            LogisticRegression().fit(rows, labels),
            name="flat",
            params={"C": 1.0},
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
    known = mlflow.get_logged_model(logged.model_id)
    assert (known.name, known.status, known.source_run_id) == ("flat", "READY", run.info.run_id)
    assert known.params["C"] == "1.0"
    assert [output.model_id for output in run_of(run.info.run_id).outputs.model_outputs] == [logged.model_id]
    loaded = mlflow.sklearn.load_model(f"models:/{logged.model_id}")
    assert loaded.predict(rows).tolist() == labels.tolist()


def test_another_tenant_sees_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    client = MlflowClient()
    experiment = client.create_experiment("ours")
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "secret", "secret.txt")
    act_for(monkeypatch, "apex")
    theirs = MlflowClient()
    assert [one.name for one in theirs.search_experiments()] == ["Default"]
    assert theirs.get_experiment_by_name("ours") is None
    assert theirs.search_runs([experiment]) == []
    for ask in (
        lambda: theirs.get_run(run.info.run_id),
        lambda: theirs.log_metric(run.info.run_id, "auc", 1),
        lambda: theirs.get_experiment(experiment),
        lambda: theirs.delete_run(run.info.run_id),
    ):
        with pytest.raises(MlflowException) as refused:
            ask()
        assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert requests.get(
        f"{URL}/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run.info.run_id}/artifacts/secret.txt",
        headers={"authorization": f"Bearer {TOKENS['apex']}"},
        timeout=10,
    ).status_code == 404
    assert theirs.create_experiment("ours") != experiment


def test_refusals_are_in_the_words_that_clients_know() -> None:
    def ask(method: str, path: str, **more) -> tuple[int, str, str]:
        headers = {"authorization": f"Bearer {TOKENS['acme']}"}
        answer = requests.request(method, f"{URL}/api/2.0/mlflow/{path}", headers=headers, timeout=10, **more)
        body = answer.json()
        assert answer.headers["content-type"].startswith("application/problem+json")
        return answer.status_code, body["error_code"], body["message"]

    status, code, message = ask("POST", "experiments/create", json={"unknown": 1})
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith("Missing value for required parameter 'name'")
    assert ask("GET", "runs/get", params={"run_id": "nobodys"}) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "Run with id=nobodys not found",
    )
    run_id = MlflowClient().create_run("0").info.run_id
    many = {"run_id": run_id, "params": [{"key": str(at), "value": "1"} for at in range(101)]}
    status, code, message = ask("POST", "runs/log-batch", json=many)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert re.search(r"'params'.*at most 100", message)
