"""Dense block: the input stays, and layers see all before them."""

import torch

from models.basicblocks import DenseBlock


def test_the_input_and_every_layers_channels_are_in_the_result_unchanged():
    x = torch.randn(2, 6, 5, 7)
    short, long = (
        DenseBlock(in_channels=6, depth=1, growth=4).eval(),
        DenseBlock(in_channels=6, depth=3, growth=4).eval(),
    )
    short.load_state_dict({k: v for k, v in long.state_dict().items() if k.startswith("denselayer1.")})
    y = long(x)
    assert y.shape == (2, 18, 5, 7)
    assert torch.equal(y[:, :6], x)
    torch.testing.assert_close(y[:, :10], short(x))


def test_a_layer_takes_the_channels_of_all_before_it():
    block = DenseBlock(in_channels=6, depth=3, growth=4)
    assert [layer.norm1.num_features for layer in block.children()] == [6, 10, 14]
    assert [layer.conv1.out_channels for layer in block.children()] == [16, 16, 16]
