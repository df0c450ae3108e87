"""Every cap on what a bundle may hold, checked before memory is taken for it."""

#: Largest ``manifest.json``, ``graph.json``, safetensors header, weights file and sample file, in bytes.
MANIFEST_BYTES = 4 << 20
GRAPH_BYTES = 16 << 20
HEADER_BYTES = 8 << 20
WEIGHTS_BYTES = 16 << 30
SAMPLE_BYTES = 4 << 30

#: Most graphs of a bundle, nodes of a graph, tensors of a file (padding entries counted) and samples of a bundle.
GRAPHS = 64
NODES = 100_000
TENSORS = 65_536
SAMPLES = 64

#: Most lists and objects of a JSON document, and values of all kinds: an empty list takes two bytes of a file and 60 of memory.
CONTAINERS = 1 << 20
VALUES = 1 << 22

#: Most memory that reading a JSON document takes, whatever it holds, in bytes; tensors take what their file does.
DOCUMENT_MEMORY_BYTES = 640 << 20

#: Nesting of JSON; a size expression alone may take ``dims.MAX_DEPTH`` of it.
JSON_DEPTH = 80

#: Magnitude of an integer in JSON: what an int64 attribute can say.
INTEGER = (1 << 63) - 1

#: Characters of a name and of a text (a source line, a module path).
NAME = 512
TEXT = 4096

#: Rank of a tensor and its number of elements.
RANK = 16
ELEMENTS = 1 << 48
