"""Feature maps for tests of necks and heads."""

import torch


def features(sizes, channels, batch=1):
    """Maps of the given sizes and channels, the same at each call."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, c, *size, generator=generator) for c, size in zip(channels, sizes, strict=True)]


def identity(*layers):
    """Make convolutions of one channel hand on what they get: a one in the middle of the kernel, no bias."""
    with torch.no_grad():
        for layer in layers:
            layer.weight.zero_()
            layer.weight[..., layer.kernel_size[0] // 2, layer.kernel_size[1] // 2] = 1.0
            if layer.bias is not None:
                layer.bias.zero_()
