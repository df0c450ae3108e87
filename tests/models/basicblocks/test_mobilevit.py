"""The block of MobileViT: which places see each other, and maps that patches do not divide."""

import pytest
import torch

from models.basicblocks import MobileViTBlock
from tests.models.catalogue import load_weights


@pytest.fixture
def block():
    block = MobileViTBlock(in_channels=4, width=8, depth=1, num_heads=2).eval()
    load_weights(block, torch.from_numpy)
    return block


def test_a_place_attends_to_its_position_in_every_patch(block):
    x = torch.randn(1, 8, 6, 4, requires_grad=True)
    block.attend(x)[0, :, 3, 2].sum().backward()
    rows, columns = (x.grad.abs().sum(1)[0] > 1e-9).nonzero(as_tuple=True)
    assert set(rows.tolist()) == {1, 3, 5}
    assert set(columns.tolist()) == {0, 2}


def test_images_of_a_batch_do_not_see_each_other(block):
    x = torch.randn(3, 4, 6, 6)
    together = block(x)
    torch.testing.assert_close(together, torch.cat([block(image[None]) for image in x]), rtol=1e-4, atol=1e-5)


def test_without_transformer_whole_patches_come_back_as_they_went(block):
    block.transformer, block.norm = torch.nn.Identity(), torch.nn.Identity()
    x = torch.randn(2, 8, 6, 10)
    assert torch.equal(block.attend(x), x)


def test_a_map_that_patches_do_not_divide_is_resized_and_back(block):
    block.transformer, block.norm = torch.nn.Identity(), torch.nn.Identity()
    x = torch.randn(2, 8, 5, 7)

    def resize(y, *size):
        return torch.nn.functional.interpolate(y, size=size, mode="bilinear", align_corners=False)

    torch.testing.assert_close(block.attend(x), resize(resize(x, 6, 8), 5, 7))


def test_the_result_is_fused_with_the_input(block):
    x = torch.randn(1, 4, 6, 6)
    y = block.conv_proj(block.attend(block.conv_1x1(block.conv_kxk(x))))
    torch.testing.assert_close(block(x), block.conv_fusion(torch.cat([x, y], dim=1)))
