"""One target under libFuzzer, in a process of its own: it ends with the first finding. Started by ``python -m tests.fuzz``."""

import os
import sys
from random import Random

import atheris

with atheris.instrument_imports(include=["mcore.platform"]):
    from mcore.platform.runtime import limits
    from tests.fuzz.targets import TARGETS
    from tests.mcore.platform.format import hostile

#: What a plan may take here, so that even the largest that is allowed runs in a moment.
MEMORY_BYTES = 64 << 20
#: Share of mutations that are libFuzzer's own, of bytes.
_BYTES = 0.2


def main() -> None:
    target, corpus, *options = sys.argv[1:]
    chosen = TARGETS[target]
    limits.memory_bytes = lambda: MEMORY_BYTES  # type: ignore[assignment]
    for number, seed in enumerate(chosen.seeds()):
        with open(os.path.join(corpus, f"seed{number}"), "wb") as file:
            file.write(seed)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < _BYTES:
            return bytes(atheris.Mutate(data, len(data) + 64))
        try:
            made = chosen.mutate(bytes(data), random)
        except hostile.BROKEN:  # libFuzzer has made something of it that the mutation cannot take apart
            return bytes(atheris.Mutate(data, len(data) + 64))
        return made if len(made) <= max_size else bytes(data)

    atheris.Setup([sys.argv[0], *options, corpus], lambda data: chosen.check(bytes(data)), custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
