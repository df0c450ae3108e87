"""A network of a few definitions in one file, and the module beside it."""

NET = """\
    import numpy as np
    from models.utils import scale, unused

    SIZES = (1, 2, 3)
    NAMES = {"a": scale}


    def helper(x, factor=SIZES[0]):
        return x * factor


    class Base:
        gain = 2

        def __init__(self, size=SIZES):
            self.size = size

        def forward(self, x):
            return helper(x) + self.gain


    class Net(Base):
        def forward(self, x):
            y = super().forward(x)
            return NAMES["a"](np.tanh(y))
    """
UTILS = """\
    def scale(x):
        return 2 * x


    def unused(x):
        return x
    """
FILES = {"models/utils.py": UTILS}
