"""Opens a distilled set's own folder in PyTorch, by its decode.onnx, without distillery: python load_set.py SET

Needs numpy, onnxruntime, safetensors, pillow and torch; docs/reading-a-set.md says what the parts are.
"""
import json, re, sys
import numpy as np
import onnxruntime as ort
from PIL import Image
from safetensors.numpy import load_file


def stored(file):
    """Tensors by their names without the letters of their axes (logits_vkc, compensators_kv), as floats."""
    tensors = {re.sub("(_vkc|_kv|_uc)+$", "", name): tensor for name, tensor in load_file(file).items()}
    if tensors.get("compensators", np.zeros(0)).dtype == np.uint8:  # 4 bits: q + 8 of two values a byte
        packed = tensors["compensators"]
        tensors["compensators"] = np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1).astype(np.float32) - 8
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def load_set(folder):
    """Images [N, 3, H, W], normalised; labels [N]; logits [N, C] or None; the manifest. Each distinct image once."""
    manifest = json.load(open(f"{folder}/manifest.json"))
    budget, (h, w), (H, W) = manifest["budget"], *([manifest[of][side] for side in ("height", "width")] for of in ("storage", "image"))
    C, K, per = len(manifest["classes"]), budget["bases"], (H // h) * (W // w)  # per: base sets in a contact sheet
    sheets = [np.asarray(Image.open(f"{folder}/bases/{k}.png")) for k in range(-(-K // per))]
    tiles = [s.reshape(s.shape[0] // h, h, -1, w, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, h, w) for s in sheets]
    bases = np.concatenate([tile[: min(per, K - k * per) * C] for k, tile in enumerate(tiles)])
    mean, std = (np.array(manifest["normalisation"][name]).reshape(3, 1, 1) for name in ("mean", "std"))
    feeds = {"bases": ((bases / 255 - mean) / std).astype(np.float32)}
    if budget["compensators"] > 0:
        file = stored(f"{folder}/compensators.safetensors")
        scales = file.get("compensator_scales", np.ones(1, np.float32))  # of 8 and 4 bits, by channel
        values = file["compensators"].reshape(budget["compensators"], 3, -1)[..., : H * W]
        feeds["compensators"] = (values * scales.reshape(-1, 3 if scales.size > 1 else 1, 1)).reshape(-1, 3, H, W)
    decoder = ort.InferenceSession(f"{folder}/decode.onnx", providers=["CPUExecutionProvider"])
    n, added = decoder.get_inputs()[-1].shape[0], budget.get("perBase", budget["compensators"] // K) + budget.get("perClass", 0)
    count = K * C * (1 + added)
    images = [decoder.run(["images"], {**feeds, "rows": rows})[0] for rows in np.arange(count).reshape(-1, n)]
    return np.concatenate(images), np.arange(count) % C, logits_of(folder, manifest), manifest


def logits_of(folder, manifest):
    """The teachers' mean logits [N, C], from whatever form they are stored in; None where there are none."""
    if manifest["labels"]["kind"] == "none":
        return None
    file, C = stored(f"{folder}/labels.safetensors"), len(manifest["classes"])
    if "top_classes" in file:  # the k largest, and one logit for all others
        logits = np.repeat(file["rest"].reshape(-1, 1), C, 1)
        k = file["logits"].shape[-1]
        np.put_along_axis(logits, file["top_classes"].astype(np.int64).reshape(-1, k), file["logits"].reshape(-1, k), 1)
        return logits
    logits = file["logits"].reshape(-1, C)
    if "logit_scales" not in file:
        return logits
    offsets, scales = (file[name].astype(np.float64).reshape(-1, 1) for name in ("logit_offsets", "logit_scales"))  # 8 bits
    return (offsets + scales * logits).astype(np.float32)


if __name__ == "__main__":
    import torch

    images, labels, logits, manifest = load_set(sys.argv[1])
    data = torch.utils.data.TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    print(f"{manifest['data']} by {manifest['method']}: {len(data)} images", tuple(data[0][0].shape), "normalised,")
    print(f"{len(manifest['classes'])} classes, logits {None if logits is None else logits.shape}")
