"""Limits and determinism that the runner sets on its own process."""

from __future__ import annotations

import os
import random
import signal
import stat
import sys
import threading

from myriad.runner.protocol import Protocol

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
#: Exit code after SIGTERM, as a shell would report it.
EXIT_TERMINATED = 128 + signal.SIGTERM


def limit_threads(threads: int) -> None:
    """Holds numeric libraries to ``threads`` threads; takes effect on those not loaded yet."""
    for name in _THREAD_VARIABLES:
        os.environ[name] = str(threads)


def limit_memory(memory_bytes: int | None) -> str | None:
    """Lets the kernel refuse memory over ``memory_bytes``: Python then raises ``MemoryError``.

    Limits private writable memory (RLIMIT_DATA), not address space: ONNX Runtime, OpenBLAS and threads reserve far
    more addresses than they ever use. Returns a warning when the machine can't set the limit.
    """
    if memory_bytes is None:
        return None
    # Arrow's own allocator takes a gigabyte at once, used or not.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (ImportError, OSError, ValueError) as error:
        return f"no memory limit on this machine: {error}"
    return None


def seed_everything(seed: int) -> None:
    """Seeds ``random`` and, where it is loaded, ``numpy.random``."""
    random.seed(seed)
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed % 2**32)


def end_with_parent() -> None:
    """Ends the process when standard input closes: whoever started it holds the other end and is gone.

    A process that leads a group, as a job's does, takes what it started along.
    Only where standard input is a pipe or a socket; a terminal, a file or ``/dev/null`` says nothing about a parent.
    """
    try:
        mode = os.fstat(0).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            return
    except OSError:
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(EXIT_TERMINATED)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def stop_on_sigterm(protocol: Protocol, unfinished: dict[str, str]) -> None:
    """Ends the process on SIGTERM, even while C code runs; results reported before stay reported.

    Python runs a signal's handler only between two of its own instructions, which a long fit may not reach for
    minutes. The wake-up descriptor is written at once, and a thread waits on it.
    ``unfinished`` names the tasks without a result; it is read when the signal comes.
    """
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def wait() -> None:
        while signal.SIGTERM not in os.read(read_end, 64):
            pass
        protocol.drain(timeout_s=0.5)
        names = ", ".join(unfinished) or "none"
        protocol.exit(EXIT_TERMINATED, f"stopped by SIGTERM; tasks without a result: {names}")

    threading.Thread(target=wait, name="sigterm", daemon=True).start()
