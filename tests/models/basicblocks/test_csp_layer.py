"""The cross-stage block of YOLOX."""

import torch

from models.basicblocks import CSPLayer


def test_half_of_the_channels_goes_past_the_bottlenecks():
    block = CSPLayer(in_channels=4, out_channels=6, depth=2).eval()
    assert [m.conv.out_channels for m in (block.conv1, block.conv2, block.conv3)] == [3, 3, 6]
    x = torch.randn(1, 4, 5, 7)
    with torch.no_grad():
        joined = torch.cat([block.m(block.conv1(x)), block.conv2(x)], dim=1)
        torch.testing.assert_close(block(x), block.conv3(joined))


def test_without_shortcuts_nothing_is_added():
    with_, without = CSPLayer(in_channels=4, out_channels=4), CSPLayer(in_channels=4, out_channels=4, shortcut=False)
    without.load_state_dict(with_.state_dict())
    x = torch.randn(1, 2, 3, 3)
    with torch.no_grad():
        torch.testing.assert_close(with_.eval().m(x), without.eval().m(x) + x)
