"""The task that a recipe is given: one tenant, one model, its datasets and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pandas import DataFrame

FeatureKind = Literal["numeric", "categorical"]

#: Texts that mean "no value" in a numeric column of a CSV file. A categorical column keeps every text as it is.
MISSING_NUMBERS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


@dataclass(frozen=True)
class Feature:
    """One input column of a model.

    ``numeric`` columns are FP32 in the model, missing = NaN; ``categorical`` ones are strings, missing = ``""``.
    """

    name: str
    kind: FeatureKind
    required: bool = False

    @staticmethod
    def of(value: Mapping[str, Any]) -> Feature:
        """From its JSON form ``{name, kind, required}``. Raises ``ValueError`` for an unknown kind."""
        if value["kind"] not in ("numeric", "categorical"):
            raise ValueError(f"feature '{value['name']}' has kind '{value['kind']}'; allowed: numeric, categorical")
        return Feature(value["name"], value["kind"], bool(value.get("required", False)))


@dataclass(frozen=True)
class Dataset:
    """One version of a dataset, as a file on this machine."""

    name: str
    version: int
    path: Path
    format: Literal["csv", "parquet"]
    digest: str
    features: Sequence[Feature] = field(default=(), repr=False)
    label: str | None = None

    def frame(self, columns: Sequence[str] | None = None) -> DataFrame:
        """Reads the file as a pandas frame.

        ``columns``: the columns to read; by default the task's features and its label, in that order.
        Numeric features come as float64 with NaN for missing, categorical ones as ``object`` strings with ``""`` for
        missing, all others as pandas reads them. Raises ``ValueError`` naming the columns that the file lacks.
        """
        import pandas

        wanted = list(columns) if columns is not None else self._task_columns()
        present = self._header()
        lacking = [name for name in wanted if name not in present]
        if lacking:
            raise ValueError(f"dataset '{self.name}' lacks {lacking}; it has {present}")
        kinds = {feature.name: feature.kind for feature in self.features}
        categorical = [name for name in wanted if kinds.get(name) == "categorical"]
        if self.format == "csv":
            frame = pandas.read_csv(
                self.path,
                usecols=wanted,
                dtype={name: "object" for name in categorical},
                keep_default_na=False,
                na_values={name: list(MISSING_NUMBERS) for name in wanted if name not in categorical},
            )
        else:
            frame = pandas.read_parquet(self.path, columns=wanted)
        frame = frame[wanted]
        numeric = [name for name in wanted if kinds.get(name) == "numeric"]
        frame = frame.astype({name: "float64" for name in numeric})
        return frame.assign(
            **{name: frame[name].astype("object").where(frame[name].notna(), "") for name in categorical}
        )

    def _task_columns(self) -> list[str]:
        names = [feature.name for feature in self.features]
        return [*names, self.label] if self.label and self.label not in names else names

    def _header(self) -> list[str]:
        if self.format == "csv":
            import pandas

            return [str(name) for name in pandas.read_csv(self.path, nrows=0).columns]
        from pyarrow import parquet

        return list(parquet.read_schema(self.path).names)


def _silent(*_: object) -> None:
    return None


@dataclass(frozen=True)
class TrainingTask:
    """One tenant's training: what to train on, with which parameters, and where to say how it goes.

    ``seed`` comes from the parameter ``seed`` (default 0); the runner seeds ``random`` and ``numpy.random`` with it
    before every task, so that equal data and parameters give equal models.
    """

    task_id: str
    tenant_id: str
    model_name: str
    datasets: Sequence[Dataset]
    features: Sequence[Feature]
    label: str | None
    parameters: Mapping[str, Any]
    output_folder: Path
    seed: int = 0
    on_log: Callable[[str, str], None] = field(default=_silent, repr=False, compare=False)
    on_metric: Callable[[str, float, int], None] = field(default=_silent, repr=False, compare=False)

    @property
    def feature_names(self) -> list[str]:
        """Names of the input columns, in the order of the model's inputs."""
        return [feature.name for feature in self.features]

    def dataset(self, name: str | None = None) -> Dataset:
        """The dataset of that name; without a name, the task's only one. Raises ``KeyError`` naming what there is."""
        names = [dataset.name for dataset in self.datasets]
        if name is None and len(names) == 1:
            return self.datasets[0]
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(f"no dataset '{name}' in this task; there is {names}")

    def log(self, message: str, level: str = "info") -> None:
        """Writes one line to the job's log; ``level`` is ``debug``, ``info``, ``warning`` or ``error``."""
        self.on_log(level, message)

    def metric(self, name: str, value: float, step: int = 0) -> None:
        """Reports a metric while training. Values that are not finite are logged and left out."""
        self.on_metric(name, float(value), int(step))
