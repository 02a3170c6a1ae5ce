"""The runner's protocol, spoken by real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Job

OK = """
from myriad.training import TrainingResult
def train(task):
    return TrainingResult(onnx=b"model of " + task.tenant_id.encode(), metrics={"auc": 0.75})
"""


def test_reports_each_task_on_its_own_and_then_done(job: Job) -> None:
    finished = job.run(OK, ["a", "b"])
    assert finished.code == 0
    assert [line["t"] for line in finished.lines] == ["task", "task", "done"]
    for task in ("a", "b"):
        result = finished.result(task)
        assert (result["outcome"], result["reason"], result["metrics"]) == ("succeeded", "", {"auc": 0.75})
        assert Path(result["artifactPath"]).read_bytes() == f"model of tenant-{task}".encode()
        assert result["parityPath"] is None
        assert result["durationMs"] >= 0


def test_a_failing_task_is_its_own_failure_with_a_short_reason_and_the_trace_as_log(job: Job) -> None:
    finished = job.run(
        """
        from myriad.training import TrainingResult
        def train(task):
            if task.task_id == "b":
                raise ValueError("rows of\\n two kinds")
            return TrainingResult(onnx=b"x")
        """,
        ["a", "b", "c"],
    )
    assert finished.code == 0
    assert [finished.result(task)["outcome"] for task in "abc"] == ["succeeded", "failed", "succeeded"]
    assert finished.result("b")["reason"] == "ValueError: rows of two kinds"
    (trace,) = finished.messages("b")
    assert 'raise ValueError("rows of' in trace and "recipe.py" in trace


@pytest.mark.parametrize("statement", ["raise SystemExit(3)", "raise KeyboardInterrupt", "return 7", "return None"])
def test_no_way_out_of_a_recipe_ends_the_job(job: Job, statement: str) -> None:
    finished = job.run(f"def train(task):\n    {statement}\n", ["a", "b"])
    assert finished.code == 0
    assert [line["outcome"] for line in finished.of("task")] == ["failed", "failed"]


def test_inconclusive_is_no_failure(job: Job) -> None:
    finished = job.run(
        "from myriad.training import Inconclusive\ndef train(task):\n    return Inconclusive('29 flights')\n", ["a"]
    )
    result = finished.result("a")
    assert (result["outcome"], result["reason"], result["artifactPath"]) == ("inconclusive", "29 flights", None)


def test_whatever_is_printed_becomes_log_lines_of_the_task_that_printed_it(job: Job) -> None:
    finished = job.run(
        """
        import ctypes, os, subprocess, sys
        from myriad.training import Inconclusive
        def train(task):
            print("from print", task.task_id)
            os.write(1, b"from the descriptor\\n")
            ctypes.CDLL(None).puts(b"from the C library")
            subprocess.run(["echo", "from a child"], check=True)
            sys.__stdout__.write("from the original stdout\\n")
            sys.stdout.write('{"t":"done"} without an end')
            return Inconclusive("")
        """,
        ["a", "b"],
    )
    assert finished.code == 0
    for task in ("a", "b"):
        assert sorted(finished.messages(task)) == sorted(
            [
                f"from print {task}",
                "from the descriptor",
                "from the C library",
                "from a child",
                "from the original stdout",
                '{"t":"done"} without an end',
            ]
        )
    assert len(finished.of("done")) == 1 and finished.lines[-1] == {"t": "done"}


def test_long_and_binary_output_stays_valid_json_lines(job: Job) -> None:
    finished = job.run(
        """
        import os
        from myriad.training import Inconclusive
        def train(task):
            os.write(1, b"x" * 100_000 + b"\\n")
            os.write(1, b"\\xff\\xfe \\x00\\n")
            print("\\ud800")
            return Inconclusive("")
        """,
        ["a"],
    )
    messages = finished.messages("a")
    assert sum(message.count("x") for message in messages if "\\" not in message) == 100_000
    assert "\\xff\\xfe \0" in messages and "\\ud800" in messages


def test_logs_and_metrics_reach_the_protocol_and_numbers_without_json_form_do_not(job: Job) -> None:
    finished = job.run(
        """
        from myriad.training import TrainingResult
        def train(task):
            task.log("half way", level="warning")
            task.metric("loss", 0.5, step=3)
            task.metric("loss", float("nan"), step=4)
            return TrainingResult(onnx=b"x", metrics={"auc": 0.7, "bad": float("inf")})
        """,
        ["a"],
    )
    assert finished.of("metric") == [{"t": "metric", "taskId": "a", "name": "loss", "value": 0.5, "step": 3}]
    assert finished.lines[0] == {"t": "log", "level": "warning", "message": "half way", "taskId": "a"}
    assert "metric 'loss' is nan at step 4 and was left out" in finished.messages("a")
    assert finished.result("a")["metrics"] == {"auc": 0.7}


def test_frames_have_the_declared_kinds_and_know_missing_from_the_text_na(job: Job) -> None:
    finished = job.run(
        """
        from myriad.training import Inconclusive
        def train(task):
            frame = task.dataset().frame()
            hour = [None if value != value else value for value in frame["hour"]]
            return Inconclusive(repr((list(frame.columns), hour, list(frame["origin"]), list(frame["delayed"]))))
        """,
        ["a"],
    )
    expected = (["hour", "origin", "delayed"], [5.0, None, 17.0], ["JFK", "", "NA"], [0, 1, 1])
    assert finished.result("a")["reason"] == repr(expected)


def test_a_recipe_named_like_a_library_shadows_nothing(job: Job) -> None:
    finished = job.run(
        """
        import pandas, json
        from myriad.training import Inconclusive
        def train(task):
            return Inconclusive(f"{len(task.dataset().frame())} rows {'site-packages' in pandas.__file__}")
        """,
        ["a"],
        recipe_file="pandas.py",
        recipe={"sourcePath": "pandas.py", "entryPoint": "train"},
    )
    assert finished.result("a")["reason"] == "3 rows True"


def test_equal_seeds_give_equal_numbers_whatever_ran_before(job: Job) -> None:
    source = """
    import random, numpy
    from myriad.training import Inconclusive
    def train(task):
        return Inconclusive(f"{random.random()} {numpy.random.random()}")
    """
    seven = job.run(source, ["a", "b"], parameters={"seed": 7})
    eight = job.run(source, ["a"], parameters={"seed": 8})
    reasons = [line["reason"] for line in seven.of("task")]
    assert reasons[0] == reasons[1] != eight.result("a")["reason"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def train(task:\n", "does not compile"),
        ("import no_such_library\n", "fails on load: ModuleNotFoundError: No module named 'no_such_library'"),
        ("def fit(task): pass\n", "no function 'train'; it has ['fit']"),
    ],
)
def test_a_recipe_that_does_not_load_fails_every_task_with_the_reason(job: Job, source: str, reason: str) -> None:
    finished = job.run(source, ["a", "b"])
    assert finished.code == 0
    for task in ("a", "b"):
        assert finished.result(task)["outcome"] == "failed"
        assert reason in finished.result(task)["reason"]


def test_memory_over_the_limit_fails_the_task_and_not_its_neighbour(job: Job) -> None:
    finished = job.run(
        """
        from myriad.training import Inconclusive
        def train(task):
            if task.task_id == "a":
                block = bytearray(600_000_000)
            return Inconclusive("enough")
        """,
        ["a", "b"],
        limits={"memoryBytes": 300_000_000},
    )
    assert finished.code == 0
    assert finished.result("a")["outcome"] == "failed"
    assert finished.result("a")["reason"] == "out of memory: the job's limit is 300000000 bytes"
    assert finished.result("b")["reason"] == "enough"


@pytest.mark.parametrize(
    "busy", ["time.sleep(60)", "[x for x in iter(int, 1) if x]", "numpy.linalg.svd(numpy.ones((6000, 6000)))"]
)
def test_sigterm_ends_it_at_once_and_keeps_what_was_reported(job: Job, busy: str) -> None:
    spec = job.write(
        f"""
        import numpy, time
        from myriad.training import Inconclusive
        def train(task):
            if task.task_id == "a":
                return Inconclusive("done before")
            task.log("busy")
            {busy}
        """,
        ["a", "b", "c"],
    )
    process = job.start(spec)
    assert process.stdout is not None
    seen = ""
    while '"busy"' not in seen:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    finished = job.finish(process, seen)
    assert finished.code == 143
    assert [line["taskId"] for line in finished.of("task")] == ["a"]
    assert finished.of("done") == []
    assert finished.messages()[-1] == "stopped by SIGTERM; tasks without a result: b, c"


def test_it_ends_when_the_process_that_started_it_is_gone(job: Job) -> None:
    spec = job.write("import time\ndef train(task):\n    time.sleep(60)\n", ["a"])
    process = subprocess.Popen(
        [sys.executable, "-m", "myriad.runner", str(spec)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.close()  # as the kernel does for a parent that was killed
    assert process.wait(timeout=30) == 143
    assert process.stdout is not None and process.stdout.read() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is no job"), ("{}", "lacks member 'jobId'"), ("[]", "is no job"), (None, "can't be read")],
)
def test_a_spec_that_is_no_job_is_said_and_exits_78(job: Job, text: str | None, said: str) -> None:
    path = job.folder / "spec.json"
    if text is not None:
        path.write_text(text)
    finished = job.finish(job.start(path))
    assert finished.code == 78
    assert said in finished.messages()[0]


def test_parity_is_written_as_v2_tensors(job: Job) -> None:
    finished = job.run(
        """
        import numpy
        from myriad.training import TrainingResult
        def train(task):
            return TrainingResult(
                onnx=b"x",
                parity_inputs={
                    "hour": numpy.array([[5], [float("nan")]], dtype="float32"),
                    "origin": numpy.array([["JFK"], [""]], dtype="object"),
                },
                parity_outputs={"label": numpy.array([0, 1])},
            )
        """,
        ["a"],
    )
    assert json.loads(Path(finished.result("a")["parityPath"]).read_text()) == {
        "inputs": [
            {"name": "hour", "datatype": "FP32", "shape": [2, 1], "data": [5.0, None]},
            {"name": "origin", "datatype": "BYTES", "shape": [2, 1], "data": ["JFK", ""]},
        ],
        "outputs": [{"name": "label", "datatype": "INT64", "shape": [2], "data": [0, 1]}],
    }


@pytest.mark.parametrize(("leads", "code"), [(False, 128 + signal.SIGTERM), (True, -signal.SIGKILL)])
def test_ends_when_who_started_it_is_gone_and_takes_along_what_it_started(job: Job, leads: bool, code: int) -> None:
    spec = job.write(
        """
        import subprocess, time
        def train(task):
            child = subprocess.Popen(["sleep", "60"])
            print("started", child.pid, flush=True)
            time.sleep(60)
        """,
        ["a"],
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "myriad.runner", str(spec)],
        cwd=job.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=leads,
    )
    with process:
        child = int(json.loads(process.stdout.readline())["message"].split()[1])
        try:
            process.stdin.close()
            assert process.wait(10) == code
            if leads:
                assert _has_ended(child)
        finally:
            if not _has_ended(child, patience_s=0):
                os.kill(child, signal.SIGKILL)


def test_goes_on_when_standard_input_says_nothing_of_who_started_it(job: Job) -> None:
    spec = job.write("import time\ndef train(task):\n    time.sleep(0.3)\n", ["a"])
    finished = subprocess.run(
        [sys.executable, "-m", "myriad.runner", str(spec)], cwd=job.folder, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert finished.returncode == 0


def _has_ended(pid: int, patience_s: float = 5.0) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]
        except OSError:
            return True
        if state in "ZX":
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
