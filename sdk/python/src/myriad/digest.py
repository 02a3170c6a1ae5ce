"""Content digests: ``sha256:`` and 64 hex digits name bytes everywhere in Myriad."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

CHUNK_BYTES = 1 << 20


def file_digest(path: Path) -> str:
    """The digest of a file, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    for chunk in file_chunks(path):
        digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def bytes_digest(content: bytes) -> str:
    """The digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def file_chunks(path: Path) -> Iterator[bytes]:
    """A file's content in pieces of 1 MiB."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
