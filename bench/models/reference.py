"""What onnxruntime in Python says of the models that ship in packages: real samples with its answers, and how often it runs them in a second.

reference.py samples FOLDER           writes NAME.json and NAME.<tensor>.bin (little-endian, row-major) for each model
reference.py rate NAME SECONDS THREADS  prints runs a second
"""

import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw, ImageFont

TEXT = "MYRIAD 2026"
DATATYPES = {"float32": "FP32", "int64": "INT64", "int32": "INT32"}


def package(name):
    return Path(importlib.util.find_spec(name).origin).parent


def written(width, height, size, at):
    """The text in black on white, as a batch of one image, channels first, −1 to 1: what PP-OCR models take."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).text(at, TEXT, fill="black", font=ImageFont.load_default(size))
    pixels = np.asarray(image, np.float32) / 127.5 - 1
    return pixels.transpose(2, 0, 1)[None].copy()


def file_bytes():
    """The first and last 1,024 bytes of this very file, without spaces around, as Magika reads files; 256 where there are none."""
    content = np.frombuffer(Path(__file__).read_bytes(), np.uint8).astype(np.int32)
    return np.concatenate([content[:1024], content[-1024:]])[None]


def sound():
    """Five seconds at 16 kHz, windows of 512 samples with the 64 before: first silence, then a buzz of 120 Hz shaped as a vowel is."""
    rate, windows = 16_000, 156
    at = np.arange(windows * 512) / rate
    buzz = sum(
        np.sin(2 * np.pi * 120 * n * at) / (1 + ((120 * n - 700) / 300) ** 2) for n in range(1, 30)
    )
    wave = np.where(at < at[-1] / 2, 0, 0.1 * buzz * (1 + 0.3 * np.sin(2 * np.pi * 5 * at))).astype(np.float32)
    padded = np.concatenate([np.zeros(64, np.float32), wave])
    return np.stack([padded[start : start + 576] for start in range(0, windows * 512, 512)])


def models():
    ocr, vad = package("rapidocr_onnxruntime") / "models", package("silero_vad") / "data"
    magika = package("magika") / "models/standard_v3_3"
    state = np.zeros((1, 1, 128), np.float32)
    labels = json.loads((magika / "config.min.json").read_text())["target_labels_space"]
    return {
        "ocr-detection": (ocr / "ch_PP-OCRv4_det_infer.onnx", {"x": written(320, 320, 40, (30, 130))}, {}),
        "ocr-recognition": (ocr / "ch_PP-OCRv4_rec_infer.onnx", {"x": written(320, 48, 36, (10, 2))}, {"text": TEXT}),
        "ocr-angle": (ocr / "ch_ppocr_mobile_v2.0_cls_infer.onnx", {"x": written(192, 48, 28, (4, 6))}, {}),
        "voice-activity": (vad / "silero_vad_16k_sequence.onnx", {"input": sound(), "h": state, "c": state}, {}),
        "file-type": (magika / "model.onnx", {"bytes": file_bytes()}, {"labels": labels}),
    }


def session(path, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def write_tensor(folder, name, tensor_name, tensor):
    path = folder / f"{name}.{len(list(folder.iterdir()))}.bin"
    path.write_bytes(np.ascontiguousarray(tensor).tobytes())
    return {
        "name": tensor_name,
        "datatype": DATATYPES[str(tensor.dtype)],
        "shape": list(tensor.shape),
        "path": str(path),
    }


def samples(folder):
    for name, (path, inputs, more) in models().items():
        runs = session(path, 1)
        names = [output.name for output in runs.get_outputs()]
        outputs = runs.run(names, inputs)
        characters = runs.get_modelmeta().custom_metadata_map.get("character")
        description = {
            **more,
            "file": str(path),
            "inputs": [write_tensor(folder, name, key, tensor) for key, tensor in inputs.items()],
            "outputs": [write_tensor(folder, name, *pair) for pair in zip(names, outputs)],
            **({"characters": characters.splitlines() + [" "]} if characters else {}),
        }
        (folder / f"{name}.json").write_text(json.dumps(description))


def rate(name, seconds, threads):
    path, inputs, _ = models()[name]
    runs = session(path, threads)
    for _ in range(3):
        runs.run(None, inputs)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        runs.run(None, inputs)
        count += 1
    print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "samples":
        samples(Path(arguments[0]))
    else:
        rate(arguments[0], float(arguments[1]), int(arguments[2]))
