"""ViT and DeiT: published sizes, position embeddings for other grids, checkpoints of timm, and the distilled network."""

import pytest
import torch

from models import ReLU, networks
from models.backbones import DeiTTiny, ViTTiny16
from models.basicblocks.transformer import EncoderBlock, to_map, to_tokens
from models.networks.deit import deit_tiny_distilled_patch16_224
from models.networks.vit import vit_tiny_patch16_224
from tests.models.catalogue import load_weights
from tests.models.references.reference import count, on_meta


@pytest.fixture
def image():
    return torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("vit_b_16", 86_567_656),
        ("vit_tiny_patch16_224", 5_717_416),
        ("vit_small_patch16_224", 22_050_664),
        ("deit_tiny_distilled_patch16_224", 5_910_800),
    ],
)
def test_parameters_are_as_many_as_published(name, parameters):
    assert count(on_meta(getattr(networks, name))) == parameters


def test_the_position_embedding_is_untouched_at_its_own_grid():
    encoder = ViTTiny16().encoder
    assert torch.equal(encoder.positions(torch.zeros(1, 192, 14, 14)), encoder.pos_embedding)


def test_at_another_grid_the_places_are_resized_and_the_class_tokens_position_is_kept():
    encoder = ViTTiny16(image_size=(64, 96)).encoder
    found = encoder.positions(torch.zeros(1, 192, 8, 12))
    places = to_map(encoder.pos_embedding[:, 1:], torch.zeros(1, 192, 4, 6))
    torch.testing.assert_close(found[:, :1], encoder.pos_embedding[:, :1])
    expected = torch.nn.functional.interpolate(places, scale_factor=2, mode="bicubic", align_corners=False)
    torch.testing.assert_close(found[:, 1:], to_tokens(expected))


def test_the_answer_depends_on_where_patches_are(image):
    model = vit_tiny_patch16_224().eval()
    load_weights(model, torch.from_numpy)
    with torch.no_grad():
        assert not torch.allclose(model(image), model(image.roll(16, dims=3)), rtol=1e-3)


def test_tokens_and_maps_are_the_same_values_row_by_row():
    x = torch.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    tokens = to_tokens(x)
    assert torch.equal(tokens[:, 5 * 2 + 3], x[:, :, 2, 3])
    assert torch.equal(to_map(tokens, x), x)


def test_maps_of_several_depths_are_those_of_the_blocks(image):
    model, single = ViTTiny16(taps=(3, 6, 12)), ViTTiny16()
    single.load_state_dict(model.state_dict())
    assert model.channels == (192,) * 3
    assert model.strides == (16,) * 3
    seen = []
    model.encoder.layers["encoder_layer_2"].register_forward_hook(lambda _, __, tokens: seen.append(tokens))
    with torch.no_grad():
        third, _, last = model.eval()(image)
        assert torch.equal(last, single.eval()(image)[0])
    assert torch.equal(to_tokens(third), seen[0][:, 1:])


@pytest.mark.parametrize("taps", [(), (0, 12), (3, 6), (6, 3, 12), (12, 12), (3, 13)])
def test_taps_that_do_not_rise_to_the_last_block_are_refused(taps):
    with pytest.raises(ValueError, match=r"^ViTTiny16: taps rise from 1 or more to the last block, 12, got "):
        ViTTiny16(taps=taps)


def test_an_image_size_that_the_patch_does_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"^DeiTTiny: image_size is of multiples of 16, got \(224, 100\)$"):
        DeiTTiny(image_size=(224, 100))


def test_a_distilled_network_gives_the_mean_of_its_two_answers(image):
    model = deit_tiny_distilled_patch16_224().eval()
    with torch.no_grad():
        label, teacher = model.answers(image)
        torch.testing.assert_close(model(image), (label + teacher) / 2)
    assert not torch.allclose(label, teacher)


def test_a_distilled_backbone_leaves_both_extra_tokens_out_of_its_maps(image):
    model = DeiTTiny(distilled=True)
    assert model.encoder.pos_embedding.shape == (1, 2 + 14 * 14, 192)
    assert model(image)[0].shape == (2, 192, 4, 6)


def test_an_encoder_block_is_the_papers_formula():
    block = EncoderBlock(channels=8, num_heads=2, hidden=16, act=ReLU).eval()
    load_weights(block, torch.from_numpy)
    x = torch.randn(2, 5, 8)
    q, k, v = (
        y.reshape(2, 5, 2, 4).transpose(1, 2)
        for y in torch.nn.functional.linear(
            block.ln_1(x), block.self_attention.in_proj_weight, block.self_attention.in_proj_bias
        ).chunk(3, dim=-1)
    )
    shares = torch.softmax(q @ k.mT / 2, dim=-1)
    y = x + block.self_attention.out_proj((shares @ v).transpose(1, 2).reshape(2, 5, 8))
    hidden = torch.relu(block.mlp[0](block.ln_2(y)))
    torch.testing.assert_close(block(x), y + block.mlp[3](hidden), rtol=1e-5, atol=1e-5)
