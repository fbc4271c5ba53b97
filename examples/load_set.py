"""Opens a distilled set's own folder by its decode.onnx, without distillery: python load_set.py SET

Needs numpy, onnxruntime, safetensors and pillow; torch for the last lines. docs/reading-a-set.md says what the parts are.
"""
import json
import sys

import numpy as np
import onnxruntime as ort
from PIL import Image
from safetensors.numpy import load_file


def bases_of(folder, manifest):
    """Normalised base images [K C, 3, h, w], cut out of the contact sheets."""
    h, w = (manifest["storage"][side] for side in ("height", "width"))
    C, K = len(manifest["classes"]), manifest["budget"]["bases"]
    per = (manifest["image"]["height"] // h) * (manifest["image"]["width"] // w)  # base sets in a sheet
    sheets = []
    for k in range(-(-K // per)):
        sheet = np.asarray(Image.open(f"{folder}/bases/{k}.png"))
        tiles = sheet.reshape(sheet.shape[0] // h, h, -1, w, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, h, w)
        sheets.append(tiles[: min(per, K - k * per) * C])
    mean, std = (np.array(manifest["normalisation"][name]).reshape(3, 1, 1) for name in ("mean", "std"))
    return ((np.concatenate(sheets) / 255 - mean) / std).astype(np.float32)


def compensators_of(folder, manifest):
    """Compensators [n, 3, H, W], whose stored values may be 16, 8 or 4 bits with scales."""
    H, W = (manifest["image"][side] for side in ("height", "width"))
    file = load_file(f"{folder}/compensators.safetensors")
    stored = file["compensators"]
    if stored.dtype == np.uint8:  # 4 bits: q + 8 of two values a byte, the first in its lower half
        pairs = np.stack([stored & 15, stored >> 4], -1).reshape(*stored.shape[:-1], -1)[..., : H * W]
        stored = pairs.reshape(*pairs.shape[:-1], H, W).astype(np.float32) - 8
    stored = stored.astype(np.float32)
    if "compensator_scales" in file:
        stored *= file["compensator_scales"].astype(np.float32)[..., None, None]
    return stored.reshape(-1, 3, H, W)


def logits_of(folder, manifest):
    """The teachers' mean logits of each distinct image, [N, C]; None where the set stores none."""
    if manifest["labels"]["kind"] == "none":
        return None
    file, C = load_file(f"{folder}/labels.safetensors"), len(manifest["classes"])
    if "top_classes" in file:  # the k largest, and one logit for all others
        logits = np.repeat(file["rest"].astype(np.float32)[:, None], C, 1)
        np.put_along_axis(logits, file["top_classes"].astype(np.int64), file["logits"].astype(np.float32), 1)
        return logits
    if "logit_scales" in file:  # 8 bits
        offsets, scales = (file[name].astype(np.float64)[:, None] for name in ("logit_offsets", "logit_scales"))
        return (offsets + scales * file["logits"]).astype(np.float32)
    return file["logits"].astype(np.float32)


def load_set(folder):
    """Images [N, 3, H, W], normalised; labels [N]; logits [N, C] or None; and the manifest. Each distinct image once."""
    manifest = json.load(open(f"{folder}/manifest.json"))
    feeds = {"bases": bases_of(folder, manifest)}
    if manifest["budget"]["compensators"] > 0:
        feeds["compensators"] = compensators_of(folder, manifest)
    decoder = ort.InferenceSession(f"{folder}/decode.onnx", providers=["CPUExecutionProvider"])
    budget, C, n = manifest["budget"], len(manifest["classes"]), decoder.get_inputs()[-1].shape[0]
    added = budget.get("perBase", budget["compensators"] // budget["bases"]) + budget.get("perClass", 0)
    count = budget["bases"] * C * (1 + added)
    rows = np.arange(-(-count // n) * n).reshape(-1, n) % count  # n at a time
    images = np.concatenate([decoder.run(["images"], {**feeds, "rows": some})[0] for some in rows])[:count]
    return images, np.arange(count) % C, logits_of(folder, manifest), manifest


if __name__ == "__main__":
    import torch

    images, labels, logits, manifest = load_set(sys.argv[1])
    data = torch.utils.data.TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    print(f"{manifest['data']} by {manifest['method']}: {len(data)} images", tuple(data[0][0].shape), "normalised,")
    print(f"{len(manifest['classes'])} classes, logits {None if logits is None else logits.shape}")
