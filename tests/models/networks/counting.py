"""Parameters of layers, by the formulas of their papers."""


def count(module):
    """Number of parameters."""
    return sum(p.numel() for p in module.parameters())


def conv(kernel, before, after, groups=1):
    """A convolution of a ``kernel`` by ``kernel`` window without a bias, and a scale and a shift of each channel."""
    return kernel * kernel * before * after // groups + 2 * after


def scores(before, classes, kernel=1):
    """A convolution with a bias."""
    return kernel * kernel * before * classes + classes
