"""Compares what Python's libraries read of a set's five exports with the images of its decode.onnx, to the last bit:

    for format in hf imagefolder webdataset npz safetensors; do distillery export SET --to $format --out EXPORTS/$format; done
    pip install numpy pillow onnxruntime safetensors datasets torchvision webdataset mlcroissant
    python check_exports.py SET EXPORTS

Libraries that are not installed are passed over and said so. Exits with 1 where anything differs.
"""
import glob
import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from load_set import load_set

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()
os.environ["CROISSANT_CACHE"] = tempfile.mkdtemp()  # it knows archives by their names alone
images, labels, logits, manifest = load_set(sys.argv[1])
exports, classes = sys.argv[2], manifest["classes"]
mean, std = (np.array(manifest["normalisation"][name]).reshape(3, 1, 1) for name in ("mean", "std"))
# The nearest 8 bits of each value, [N, H, W, 3].
pixels = np.rint(255 * (images.astype(np.float64) * std + mean)).clip(0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def same(found, expected):
    if expected is None:
        return "none" if found is None else "UNEXPECTED"
    found = np.asarray(found)
    return "equal" if found.shape == expected.shape and np.array_equal(found, expected.astype(found.dtype)) else "DIFFERS"


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def table_of(folder):
    """What `datasets` reads, in the order of the rows."""
    from datasets import ClassLabel, load_dataset

    data = load_dataset(folder, split="train")
    return data, isinstance(data.features.get("label"), ClassLabel) and data.features["label"].names == classes


def hf(folder):
    data, named = table_of(folder)
    found = data["logits"][:] if "logits" in data.column_names else None
    if found is not None and str(data.features["logits"]) != "List(Value('float32'))":
        raise TypeError(f"logits are {data.features['logits']}")
    return [np.array(i) for i in data["image"]], data["label"][:], found, named


def imagefolder(folder):
    data, named = table_of(folder)
    order = np.argsort([os.path.basename(row["path"]) for row in data.cast_column("image", decode_off())["image"]])
    found = np.array(data["logits"][:], np.float32)[order] if "logits" in data.column_names else None
    return np.array([np.array(i) for i in data["image"]])[order], np.array(data["label"][:])[order], found, named


def decode_off():
    from datasets import Image as Feature

    return Feature(decode=False)


def webdataset_table(folder):
    from datasets import load_dataset

    data = load_dataset(folder, split="train")
    more = data["json"][:]
    found = np.array([row["logits"] for row in more], np.float32) if logits is not None else None
    return [np.array(i) for i in data["png"]], data["cls"][:], found, [row["class"] for row in more] == named_rows()


def named_rows():
    return [classes[label] for label in labels]


def torchvision(folder):
    from torchvision.datasets import ImageFolder

    data = ImageFolder(f"{folder}/train")
    folders = [entry["folder"] for entry in json.load(open(f"{folder}/class_index.json"))]
    order = np.argsort([os.path.basename(path) for path, _ in data.samples])
    found = np.array([np.array(image) for image, _ in data])[order]
    return found, np.array(data.targets)[order], "not read", data.classes == folders


def webdataset(folder):
    import webdataset as wds

    shards = sorted(glob.glob(f"{folder}/train-*.tar"))
    rows = list(wds.WebDataset(shards, shardshuffle=False).decode("rgb8").to_tuple("png", "cls", "json"))
    found = np.array([row[2]["logits"] for row in rows], np.float32) if logits is not None else None
    named = [row[2]["class"] for row in rows] == named_rows()
    return [row[0] for row in rows], [row[1] for row in rows], found, named


def numpy(folder):
    data = np.load(f"{folder}/train.npz")
    exact = all(np.array_equal(data[name], manifest["normalisation"][name]) for name in ("mean", "std"))
    return data["images"], data["labels"], data.get("logits"), data["classes"].tolist() == classes and exact


def safetensors(folder):
    from safetensors import safe_open

    with safe_open(f"{folder}/train.safetensors", "np") as file:
        data, about = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()
    return data["images"], data["labels"], data.get("logits"), json.loads(about["classes"]) == classes


def torch(folder):
    import shutil

    import torch as t

    copy = shutil.copytree(folder, os.path.join(tempfile.mkdtemp(), "export"))
    subprocess.run([sys.executable, f"{copy}/save_pt.py"], check=True)
    return t.load(f"{copy}/x.pt").numpy(), t.load(f"{copy}/y.pt").numpy(), "not read", True


def mlcroissant(folder):
    """Hashes of all files, and the records that the description promises."""
    import mlcroissant as mlc

    data = mlc.Dataset(jsonld=f"{folder}/croissant.json")
    for node in data.metadata.distribution:
        if isinstance(node, mlc.FileObject):
            content = open(os.path.join(folder, node.content_url), "rb").read()
            assert hashlib.sha256(content).hexdigest() == node.sha256, node.name
    records = {record_set.uuid: list(data.records(record_set.uuid)) for record_set in data.metadata.record_sets}

    def column(name):
        values = [row[name] for row in records[name.split("/")[0]]]
        return [value.decode() if isinstance(value, bytes) else value for value in values]

    named = column("classes/name") == classes
    if "train" in records:
        found = column("train/logits") if logits is not None else None
        return [np.array(image) for image in column("train/image")], column("train/label"), found, named
    if "images" in records:
        order = np.argsort([os.path.basename(path) for path in column("images/path")])
        found = np.array([np.array(image) for image in column("images/image")])[order]
        return found, column("labels/label"), column("labels/logits") if "labels/logits" in records["labels"][0] else "not read", named
    return "not read", "not read", "not read", named


readers = {
    "hf": {"datasets": hf, "mlcroissant": mlcroissant},
    "imagefolder": {"torchvision": torchvision, "datasets": imagefolder, "mlcroissant": mlcroissant},
    "webdataset": {"webdataset": webdataset, "datasets": webdataset_table, "mlcroissant": mlcroissant},
    "npz": {"numpy": numpy, "mlcroissant": mlcroissant},
    "safetensors": {"safetensors": safetensors, "torch": torch, "mlcroissant": mlcroissant},
}
print(f"{'export':<12} {'read by':<22} {'images':<10} {'labels':<10} {'logits':<10} classes")
wrong = False
for name, libraries in readers.items():
    for library, read in libraries.items():
        try:
            version = getattr(importlib.import_module(library), "__version__", "")
        except ImportError:
            print(f"{name:<12} {library:<22} not installed")
            continue
        found = read(f"{exports}/{name}")
        expected = [images if name in ("npz", "safetensors") else pixels, labels, logits]
        cells = ["not read" if isinstance(a, str) else same(a, b) for a, b in zip(found, expected)] + ["equal" if found[3] else "DIFFER"]
        wrong = wrong or any(cell.isupper() for cell in cells)
        print(f"{name:<12} {library + ' ' + version:<22} {cells[0]:<10} {cells[1]:<10} {cells[2]:<10} {cells[3]}")
sys.exit(1 if wrong else 0)
