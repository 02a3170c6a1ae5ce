"""What the runner says on standard output: one JSON object a line, and nothing else.

    {"t": "log",    "level", "message", "taskId"?}
    {"t": "metric", "taskId", "name", "value", "step"}
    {"t": "task",   "taskId", "outcome": "succeeded|inconclusive|failed", "reason",
                    "artifactPath", "parityPath", "metrics": {}, "durationMs"}
    {"t": "done"}

File descriptor 1 is taken away from everybody else: what user code prints, or a C library writes there, goes into a
pipe and comes out as log lines of the task that ran at the time.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import uuid
from typing import Any

#: Longest log message, characters; a longer line is cut into several.
MAX_MESSAGE = 8192


class Protocol:
    """Owns the real standard output. Use from any thread."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._out = os.dup(1)
        os.set_inheritable(self._out, False)
        self._lock = threading.RLock()
        self._task_id: str | None = None
        self._marks: dict[bytes, threading.Event] = {}
        read_end, write_end = os.pipe()
        os.dup2(write_end, 1)
        os.close(write_end)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        threading.Thread(target=self._pump, args=(read_end,), name="stdout", daemon=True).start()

    def begin(self, task_id: str | None) -> None:
        """From now on log lines belong to this task. What was printed before is written out first."""
        self.drain()
        self._task_id = task_id

    def log(self, level: str, message: str) -> None:
        """Writes a message as log lines, one for each ``MAX_MESSAGE`` characters."""
        for start in range(0, max(len(message), 1), MAX_MESSAGE):
            line: dict[str, Any] = {"t": "log", "level": level, "message": message[start : start + MAX_MESSAGE]}
            if self._task_id is not None:
                line["taskId"] = self._task_id
            self._write(line)

    def metric(self, name: str, value: float, step: int) -> None:
        """Writes a metric of the running task; one that has no JSON form becomes a warning."""
        if not math.isfinite(value):
            self.log("warning", f"metric '{name}' is {value} at step {step} and was left out")
            return
        self._write({"t": "metric", "taskId": self._task_id, "name": name, "value": value, "step": step})

    def task(self, **result: Any) -> None:
        """Writes a task's result, after everything the task printed."""
        self.drain()
        self._write({"t": "task", **result})

    def done(self) -> None:
        """Says that every task has its result."""
        self.drain()
        self._write({"t": "done"})

    def drain(self, timeout_s: float = 2.0) -> None:
        """Waits until what was printed so far is written, at most ``timeout_s`` seconds."""
        try:
            sys.stdout.flush()
        except (OSError, ValueError):  # user code may have closed it
            pass
        _flush_c_library()
        mark = f"\0{uuid.uuid4().hex}".encode()
        reached = self._marks[mark] = threading.Event()
        try:
            os.write(1, mark + b"\n")
            reached.wait(timeout_s)
        except OSError:
            pass
        finally:
            self._marks.pop(mark, None)

    def exit(self, code: int, message: str) -> None:
        """Ends the process at once, between two lines, never within one."""
        with self._lock:
            self.log("warning", message)
            os._exit(code)

    def _write(self, line: dict[str, Any]) -> None:
        data = (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "backslashreplace")
        with self._lock:
            while data:
                data = data[os.write(self._out, data) :]

    def _pump(self, read_end: int) -> None:
        rest = b""
        while chunk := os.read(read_end, 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._printed(line)
            if len(rest) > MAX_MESSAGE:
                self._printed(rest)
                rest = b""

    def _printed(self, line: bytes) -> None:
        text, mark = _split_mark(line)
        if text:
            self.log("info", text.decode("utf-8", "backslashreplace"))
        reached = self._marks.get(mark) if mark else None
        if reached:
            reached.set()


def _split_mark(line: bytes) -> tuple[bytes, bytes | None]:
    """A mark may follow text that was printed without an end of line."""
    at = line.rfind(b"\0")
    if at < 0 or len(line) - at != 33:
        return line, None
    return line[:at], line[at:]


def _flush_c_library() -> None:
    import ctypes

    try:
        ctypes.CDLL(None).fflush(None)
    except (OSError, AttributeError):
        pass
