"""The flight example on the real flights of three carriers, through the real runner."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import Finished, Job

EXAMPLE = Path(__file__).parents[1] / "examples" / "flights"


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> dict:
    sys.path.insert(0, str(EXAMPLE))
    try:
        import data
    finally:
        sys.path.remove(str(EXAMPLE))
    folder = tmp_path_factory.mktemp("flights")
    return {"data": data, "files": {files.tenant_id: files for files in data.write_carrier_files(folder)}}


def run(job: Job, flights: dict, carriers: list[str]) -> Finished:
    tasks = [
        {
            "taskId": carrier,
            "tenantId": carrier,
            "modelName": "flight-delay",
            "datasets": [
                {
                    "name": "flights",
                    "version": 1,
                    "path": str(flights["files"][carrier].training),
                    "format": "csv",
                    "digest": "sha256:0",
                }
            ],
            "features": flights["data"].FEATURES,
            "label": flights["data"].LABEL,
            "outputFolder": f"out/{carrier}",
        }
        for carrier in carriers
    ]
    return job.run((EXAMPLE / "recipe.py").read_text(), [], tasks=tasks, parameters={"seed": 7})


def test_every_carrier_has_its_own_file_and_december_apart(flights: dict) -> None:
    files = flights["files"]
    assert len(files) == 16
    assert sum(carrier.training_rows + carrier.golden_rows for carrier in files.values()) == 327_346
    assert (files["oo"].training_rows, files["oo"].golden) == (29, None)
    assert files["aa"].golden.read_text().splitlines()[1].split(",")[0] == "12"
    header = files["aa"].training.read_text().splitlines()[0]
    assert header == "month,day,dow,hour,minute,distance,sched_arr,origin,delayed"


def test_carriers_with_flights_enough_get_a_model_and_the_others_a_reason(job: Job, flights: dict) -> None:
    finished = run(job, flights, ["wn", "ha", "oo"])
    assert finished.code == 0
    assert finished.result("oo")["reason"] == "29 flights; a model needs 1000"
    assert finished.result("ha")["outcome"] == "inconclusive"
    model = finished.result("wn")
    assert model["outcome"] == "succeeded"
    assert 0.65 < model["metrics"]["auc"] < 0.8
    assert model["metrics"]["rows"] == 10_970


def test_training_twice_gives_the_same_bytes(job: Job, flights: dict) -> None:
    first, second = (Path(run(job, flights, ["vx"]).result("vx")["artifactPath"]).read_bytes() for _ in range(2))
    assert first == second
