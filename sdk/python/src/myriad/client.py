"""The client of the public gateway."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from functools import cache
from types import TracebackType
from typing import Any

import httpx

from myriad import __version__
from myriad.errors import MyriadError
from myriad.objects import ObjectTransfer
from myriad.resources.applications import Applications
from myriad.resources.approvals import Approvals
from myriad.resources.audit import Audit
from myriad.resources.batch_jobs import BatchJobs
from myriad.resources.campaigns import Campaigns
from myriad.resources.costs import Costs
from myriad.resources.datasets import Datasets
from myriad.resources.environments import Environments, Placements
from myriad.resources.evaluations import Evaluations
from myriad.resources.fleet_runs import FleetRuns
from myriad.resources.grants import Grants
from myriad.resources.jobs import Jobs
from myriad.resources.keys import Keys
from myriad.resources.models import Models
from myriad.resources.operations import Operations
from myriad.resources.predictions import Prediction, Predictions
from myriad.resources.principals import Me, Principals
from myriad.resources.promotions import Promotions
from myriad.resources.recipes import Recipes
from myriad.resources.rollouts import Rollouts
from myriad.resources.runs import Experiments, Runs
from myriad.resources.suites import Suites
from myriad.resources.tenants import Tenants
from myriad.transport import RetryPolicy, Transport
from myriad.waiting import once_known

DEFAULT_URL = "http://127.0.0.1:8080"
#: What the gateway says of a key, a tenant or a binding that it has not heard of.
_NOT_KNOWN_YET = ("gateway.key_invalid", "gateway.tenant_unknown", "gateway.tenant_forbidden")


class Client:
    """Everything the platform offers, for one key in one acting tenant and environment.

    Safe to use from many threads; they share one pool of connections. Use it as a context, or ``close`` it.

    ``url``: the gateway, e.g. ``http://127.0.0.1:8080``. ``api_key``: ``myr_<prefix>_<secret>``, or a token, or
    what gives the token of now.
    ``tenant``: the acting tenant, by default the key's own. ``environment``: for predictions, by default production.
    ``timeout_seconds``: of one request, default 60.
    """

    def __init__(
        self,
        url: str,
        api_key: str | Callable[[], str],
        tenant: str | None = None,
        environment: str | None = None,
        *,
        timeout_seconds: float = 60,
        retry: RetryPolicy | None = None,
    ) -> None:
        agent = {"user-agent": f"myriad-ml/{__version__}"}
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
        timeout = httpx.Timeout(timeout_seconds, connect=10)
        http = httpx.Client(headers=agent, limits=limits, timeout=timeout, verify=_tls(), trust_env=_is_remote(url))
        transport = Transport(http, url.rstrip("/"), api_key, tenant, environment, retry or RetryPolicy())
        self._use(transport)

    @staticmethod
    def from_environment(**options: Any) -> Client:
        """From the variables ``MYRIAD_URL``, ``MYRIAD_API_KEY``, ``MYRIAD_TENANT`` and ``MYRIAD_ENVIRONMENT``."""
        key = os.environ.get("MYRIAD_API_KEY")
        if not key:
            raise MyriadError("MYRIAD_API_KEY is not set; it must hold an API key")
        return Client(
            os.environ.get("MYRIAD_URL", DEFAULT_URL),
            key,
            os.environ.get("MYRIAD_TENANT"),
            os.environ.get("MYRIAD_ENVIRONMENT"),
            **options,
        )

    def acting_in(self, tenant: str | None = None, environment: str | None = None) -> Client:
        """This client in another tenant or environment, over the same connections; ``None`` keeps what is set."""
        other = Client.__new__(Client)
        other._use(self._transport.acting_in(tenant, environment))
        return other

    def giving_up_after(self, timeout_seconds: float) -> Client:
        """This client for who would rather hear that nobody answers than wait: one attempt, of so many seconds."""
        other = Client.__new__(Client)
        other._use(self._transport.giving_up_after(timeout_seconds))
        return other

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self._transport.url

    @property
    def tenant(self) -> str | None:
        """The acting tenant; ``None`` = the key's own."""
        return self._transport.tenant

    def predict(self, model: str, data: Any, version: int | None = None) -> Prediction:
        """Predicts for rows: a pandas frame, or a mapping of column names to values. See ``Predictions.predict``."""
        return self.predictions.predict(model, data, version)

    def wait_usable(self, timeout_seconds: float = 15) -> Me:
        """Waits until the gateway knows the key and the acting tenant, and returns who the key belongs to.

        What was made a moment ago reaches the gateway by an event, usually within tens of milliseconds. Raises
        the last refusal (``MyriadProblem``) when that takes longer.
        """
        return once_known(self.principals.me, _NOT_KNOWN_YET, timeout_seconds)

    def is_healthy(self) -> bool:
        """Whether the gateway answers and is ready."""
        try:
            return self._transport.http.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Closes the connections, also those of clients made with ``acting_in``."""
        self._transport.http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r}, tenant={self._transport.tenant!r}, environment={self._transport.environment!r})"

    def _use(self, transport: Transport) -> None:
        objects = ObjectTransfer(transport.http, transport.retry, transport.sleep)
        self._transport = transport
        self.tenants = Tenants(transport)
        self.principals = Principals(transport)
        self.keys = Keys(transport)
        self.approvals = Approvals(transport)
        self.audit = Audit(transport)
        self.datasets = Datasets(transport, objects)
        self.grants = Grants(transport)
        self.applications = Applications(transport)
        self.models = Models(transport, objects)
        self.recipes = Recipes(transport)
        self.jobs = Jobs(transport)
        self.fleet_runs = FleetRuns(transport)
        self.experiments = Experiments(transport)
        self.runs = Runs(transport)
        self.suites = Suites(transport)
        self.evaluations = Evaluations(transport)
        self.promotions = Promotions(transport)
        self.campaigns = Campaigns(transport)
        self.environments = Environments(transport)
        self.placements = Placements(transport)
        self.rollouts = Rollouts(transport)
        self.costs = Costs(transport)
        self.predictions = Predictions(transport)
        self.batch_jobs = BatchJobs(transport, objects)
        self.operations = Operations(transport)


@cache
def _tls() -> ssl.SSLContext:
    """The authorities that are trusted; read once, for that takes longer than a request."""
    return httpx.create_ssl_context()


def _is_remote(url: str) -> bool:
    """A proxy from the environment is for the world outside, not for a platform on this machine."""
    host = httpx.URL(url).host
    return host not in ("127.0.0.1", "localhost", "::1")
