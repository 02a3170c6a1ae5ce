"""What the client raises. Everything is a :class:`MyriadError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class MyriadError(Exception):
    """The platform refused, could not be reached, or did not come to an end in time."""


@dataclass(frozen=True)
class Fault:
    """One fault of a request; ``pointer`` is a JSON Pointer into the body, or ``#query/<name>`` and the like."""

    pointer: str
    detail: str


class MyriadProblem(MyriadError):
    """A refusal (RFC 9457 problem+json). ``code`` is stable: decide by it, never by the text."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str = "",
        errors: Sequence[Fault] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{code} (HTTP {status}): {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title
        self.errors = tuple(errors)
        self.request_id = request_id

    @staticmethod
    def of(status: int, body: Any, request_id: str | None = None) -> MyriadProblem:
        """From an answer's status and decoded body; a body that is no problem document gives code ``http.<status>``."""
        problem: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        errors = problem.get("errors") or ()
        # An inference server's own refusals are `{"error": "…"}`.
        detail = problem.get("detail") or problem.get("error") or (body if isinstance(body, str) else "")
        return MyriadProblem(
            status,
            str(problem.get("code") or f"http.{status}"),
            str(detail)[:2000],
            title=str(problem.get("title") or ""),
            errors=[Fault(str(fault.get("pointer", "")), str(fault.get("detail", ""))) for fault in errors],
            request_id=problem.get("requestId") or request_id,
        )


class MyriadUnavailable(MyriadError):
    """Nobody answered, after all attempts; the cause is the last connection error."""


class MyriadTimeout(MyriadError):
    """What was waited for did not happen in time. It may still happen: nothing was cancelled."""
