"""Makes meta.mat and meta-plain.mat: the devkit's table of ImageNet classes with four of its rows, packed and not.

    PYTHON test/goldens/make-meta-mat.py        (scipy 1.17)
"""

from pathlib import Path

import numpy as np
from scipy.io import savemat

FIELDS = ["ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height", "num_train_images"]
ROWS = [
    (1, "n01641577", "bullfrog, Rana catesbeiana", "largest North American frog"),
    (2, "n01443537", "goldfish, Carassius auratus", "small golden fish"),
    (3, "n02110185", "Siberian husky", "breed of sled dog"),
    (1001, "n00001740", "entity", "that which is"),
]

table = np.empty((len(ROWS), 1), dtype=[(name, object) for name in FIELDS])
for i, (number, wnid, words, gloss) in enumerate(ROWS):
    leaf = number <= 1000
    table[i, 0] = (
        np.array([[float(number)]]) if leaf else np.array([[number]], dtype=np.uint16),
        wnid,
        words,
        gloss,
        np.array([[0 if leaf else 3]], dtype=np.uint8),
        np.zeros((0, 0)) if leaf else np.array([[1, 2, 3]], dtype=np.uint16),
        np.array([[0]], dtype=np.uint8),
        np.array([[1300]], dtype=np.uint16),
    )
here = Path(__file__).parent
savemat(here / "meta.mat", {"synsets": table}, do_compression=True)
savemat(here / "meta-plain.mat", {"synsets": table}, do_compression=False)
