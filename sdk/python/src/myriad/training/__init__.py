"""What a recipe author needs: the task a recipe is given, the result it returns, and a converter to ONNX.

A recipe is one Python file with an entry point ``def train(task: TrainingTask) -> TrainingResult | Inconclusive``.
Heavy libraries (pandas, scikit-learn, skl2onnx) are loaded when a function that needs them is called.
"""

from myriad.training.export import ExportedClassifier, ExportError, export_tabular_classifier
from myriad.training.result import Inconclusive, TrainingResult
from myriad.training.task import Dataset, Feature, TrainingTask

__all__ = [
    "Dataset",
    "ExportError",
    "ExportedClassifier",
    "Feature",
    "Inconclusive",
    "TrainingResult",
    "TrainingTask",
    "export_tabular_classifier",
]
