"""Pretrained weights: found in a folder by family and name, checked, renamed where their layout needs it, and loaded.

::

    <root>/
      resnet/                        the family: the name of the file that defines the network
        resnet50/                    the network, or the backbone
          manifest.json              sha256, source, task, layout of the keys, normalisation and meaning of the channels
          weights.safetensors

The root is the folder ``pretrained`` in ``FARM_CHECKPOINTS``. Nothing is ever fetched; :func:`install` puts a file there that
one has, in Python or as a command::

    python -m mcore.pretrained install resnet50.pth --family resnet --name resnet50 --task classification --source torchvision

A network then takes them by ``resnet50(pretrained=True)``, or, where it has other input channels or classes than they have, by
``pretrained=Adaptation(channels="repeat", classes="fresh")``.
"""

from mcore.pretrained.adapting import Adaptation
from mcore.pretrained.installing import install
from mcore.pretrained.loading import LoadReport, load_pretrained
from mcore.pretrained.manifest import Manifest, PretrainedError, find, fingerprint, root

__all__ = [
    "Adaptation",
    "LoadReport",
    "Manifest",
    "PretrainedError",
    "find",
    "fingerprint",
    "install",
    "load_pretrained",
    "root",
]
