"""The Platform format on disk: writing and reading of bundles, as :mod:`mcore.platform.bundle` draws them.

Loading is safe for files of unknown origin: sizes, counts, ranks and nesting are capped (:mod:`.limits`) before memory is
taken, every file is hashed before it is parsed, and whatever does not fit is a ``FormatError`` of one line that names the file
and the place in it.
"""

from mcore.platform.format.check import check_graph
from mcore.platform.format.contents import check_graphs, check_sample, check_served, check_weights
from mcore.platform.format.graph_json import graph_from_bytes, graph_to_bytes
from mcore.platform.format.manifest import identity_of, manifest_from_bytes, manifest_to_bytes
from mcore.platform.format.meaning import graph_meaning, sample_meaning
from mcore.platform.format.reader import read_bundle, read_manifest, verified_files
from mcore.platform.format.samples import sample_from_bytes, sample_to_bytes
from mcore.platform.format.tensors import TensorFile, tensors_from_bytes, tensors_to_bytes
from mcore.platform.format.writer import write_bundle

__all__ = [
    "TensorFile",
    "check_graph",
    "check_graphs",
    "check_sample",
    "check_served",
    "check_weights",
    "graph_from_bytes",
    "graph_meaning",
    "graph_to_bytes",
    "identity_of",
    "manifest_from_bytes",
    "manifest_to_bytes",
    "read_bundle",
    "read_manifest",
    "sample_from_bytes",
    "sample_meaning",
    "sample_to_bytes",
    "tensors_from_bytes",
    "tensors_to_bytes",
    "verified_files",
    "write_bundle",
]
