"""Keys that the quickstart made, kept so that the next run need not make new ones.

A key is shown once, when it is made; whoever needs it later must keep it. The file is readable by its owner only.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from myriad import Client, MyriadProblem


class Keyring:
    """Keys by the principal's id, in one file. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def client(self, issuer: Client, principal_id: str) -> Client:
        """A client with a key of that principal: the kept one if it still works, else a new one by ``issuer``.

        Older keys of the principal are revoked when a new one is made, so that only one is ever in use.
        """
        kept = self._keys.get(principal_id)
        if kept:
            client = Client(issuer.url, kept)
            try:
                client.principals.me()
                return client
            except MyriadProblem as problem:
                client.close()
                if problem.status != 401:
                    raise
        for old in issuer.keys.list(principal_id=principal_id):
            if old.revoked_at is None:
                issuer.keys.revoke(old.key_id)
        text = issuer.keys.create(principal_id).key
        self._keep(principal_id, text)
        client = Client(issuer.url, text)
        client.wait_usable()
        return client

    def _keep(self, principal_id: str, text: str) -> None:
        with self._lock:
            self._keys[principal_id] = text
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial = self._path.with_suffix(".partial")
            partial.unlink(missing_ok=True)
            with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(self._keys, file)
            partial.replace(self._path)
