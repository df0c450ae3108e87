"""Convolutions, norms, pooling, activations and attention on numbers that can be followed by hand."""

import pytest

from .examples import INF, NAN, check_example, example

IMAGE = [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]]
DIAGONAL = [[[[1.0, 0.0], [0.0, 1.0]]]]
PAIR = [[[[1.0, 2.0]], [[3.0, 5.0]]]]  # two channels of 1 x 2

EXAMPLES = [
    # Corners of each 2 x 2 window, upper left and lower right, are added up.
    example("conv2d", IMAGE, DIAGONAL, gives=[[[[6.0, 8.0], [12.0, 14.0]]]]),
    example("conv2d", IMAGE, DIAGONAL, [0.5], stride=2, gives=[[[[6.5]]]]),
    example("conv2d", IMAGE, DIAGONAL, dilation=2, gives=[[[[10.0]]]]),
    example("conv2d", IMAGE, DIAGONAL, padding=1, stride=2, gives=[[[[1.0, 3.0], [7.0, 14.0]]]]),
    example("conv2d", PAIR, [[[[2.0]]], [[[10.0]]]], groups=2, gives=[[[[2.0, 4.0]], [[30.0, 50.0]]]]),
    # The kernel is not turned around: this is a correlation.
    example("conv1d", [[[1.0, 2.0, 4.0]]], [[[1.0, -1.0]]], gives=[[[-1.0, -2.0]]]),
    example("conv1d", [[[1.0, 2.0, 4.0]]], [[[1.0, -1.0]]], [1.0], padding=1, stride=3, gives=[[[0.0, 5.0]]]),
    # Every input spreads the kernel; where kernels overlap they add up.
    example("conv_transpose2d", [[[[1.0, 2.0]]]], [[[[1.0, 10.0]]]], gives=[[[[1.0, 12.0, 20.0]]]]),
    example("conv_transpose2d", [[[[1.0, 2.0]]]], [[[[1.0, 10.0]]]], stride=(1, 2), gives=[[[[1.0, 10.0, 2.0, 20.0]]]]),
    example("conv_transpose2d", [[[[1.0, 2.0]]]], [[[[1.0, 10.0]]]], padding=(0, 1), gives=[[[[12.0]]]]),
    example(
        "conv_transpose2d",
        [[[[1.0, 2.0]]]],
        [[[[3.0]]]],
        stride=2,
        output_padding=1,
        gives=[[[[3.0, 0.0, 6.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]],
    ),
    example(
        "conv_transpose1d",
        [[[1.0, 2.0]]],
        [[[1.0, 10.0]]],
        stride=2,
        output_padding=1,
        gives=[[[1.0, 10.0, 2.0, 20.0, 0.0]]],
    ),
    # Volumes of 1 x 1 x 3, then 2 x 1 x 1: the kernel looks along the last, then along the first dimension.
    example("conv3d", [[[[[1.0, 2.0, 4.0]]]]], [[[[[1.0, -1.0]]]]], gives=[[[[[-1.0, -2.0]]]]]),
    example("conv3d", [[[[[1.0]], [[2.0]]]]], [[[[[10.0]], [[1.0]]]]], [0.5], gives=[[[[[12.5]]]]]),
    example(
        "conv_transpose3d", [[[[[1.0]], [[2.0]]]]], [[[[[1.0]], [[10.0]]]]], gives=[[[[[1.0]], [[12.0]], [[20.0]]]]]
    ),
    example("linear", [[1.0, 2.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [0.0, 0.0, 10.0], gives=[[1.0, 2.0, 13.0]]),
    example("matmul", [[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]], gives=[[2.0, 1.0], [4.0, 3.0]]),
    example("matmul", [1.0, 2.0], [3.0, 4.0], gives=11.0),
    example("batch_norm", PAIR, [1.0, 3.0], [4.0, 1.0], eps=0.0, gives=[[[[0.0, 0.5]], [[0.0, 2.0]]]]),
    example(
        "batch_norm",
        PAIR,
        [1.0, 3.0],
        [4.0, 1.0],
        [2.0, 1.0],
        [0.0, 7.0],
        eps=0.0,
        gives=[[[[0.0, 1.0]], [[7.0, 9.0]]]],
    ),
    example("batch_norm", PAIR, eps=0.0, gives=[[[[-1.0, 1.0]], [[-1.0, 1.0]]]]),
    example("rms_norm", [[1.0, 7.0], [0.0, 0.0]], normalized_shape=2, gives=[[0.2, 1.4], [0.0, 0.0]]),
    example("rms_norm", [[1.0, 7.0]], [10.0, 1.0], normalized_shape=2, eps=75.0, gives=[[1.0, 0.7]]),
    # Each channel by its own square and that of the one before.
    example("local_response_norm", [[[2.0], [4.0]]], size=2, alpha=1.0, beta=1.0, gives=[[[2 / 3], [4 / 11]]]),
    example(
        "layer_norm",
        [[1.0, 3.0], [5.0, 5.0]],
        normalized_shape=2,
        eps=0.0625**2,
        gives=[[-0.99805255, 0.99805255], [0.0, 0.0]],
    ),
    example("layer_norm", [[1.0, 3.0]], [10.0, 1.0], [0.0, 5.0], normalized_shape=2, eps=0.0, gives=[[-10.0, 6.0]]),
    example("group_norm", [[1.0, 3.0, 10.0, 30.0]], num_groups=2, eps=0.0, gives=[[-1.0, 1.0, -1.0, 1.0]]),
    example("instance_norm", PAIR, eps=0.0, gives=[[[[-1.0, 1.0]], [[-1.0, 1.0]]]]),
    example("normalize", [[3.0, 4.0], [0.0, 0.0]], gives=[[0.6, 0.8], [0.0, 0.0]]),
    example("normalize", [[3.0, 1.0]], p=1.0, gives=[[0.75, 0.25]]),
    example("max_pool2d", IMAGE, kernel_size=2, stride=1, gives=[[[[5.0, 6.0], [8.0, 9.0]]]]),
    example("max_pool2d", IMAGE, kernel_size=2, gives=[[[[5.0]]]]),
    example("max_pool2d", IMAGE, kernel_size=2, ceil_mode=True, gives=[[[[5.0, 6.0], [8.0, 9.0]]]]),
    example("avg_pool2d", IMAGE, kernel_size=2, stride=1, gives=[[[[3.0, 4.0], [6.0, 7.0]]]]),
    example("avg_pool2d", IMAGE, kernel_size=2, padding=1, gives=[[[[0.25, 1.25], [2.75, 7.0]]]]),
    example("avg_pool2d", IMAGE, kernel_size=2, padding=1, count_include_pad=False, gives=[[[[1.0, 2.5], [5.5, 7.0]]]]),
    example("avg_pool2d", IMAGE, kernel_size=2, ceil_mode=True, gives=[[[[3.0, 4.5], [7.5, 9.0]]]]),
    example("avg_pool2d", IMAGE, kernel_size=3, divisor_override=5, gives=[[[[9.0]]]]),
    example(
        "max_pool2d",
        IMAGE,
        kernel_size=2,
        stride=1,
        return_indices=True,
        gives=([[[[5.0, 6.0], [8.0, 9.0]]]], [[[[4, 5], [7, 8]]]]),
    ),
    # Of equal ones the first, of NaN the last.
    example("max_pool1d", [[2.0, 2.0, NAN, NAN]], kernel_size=2, return_indices=True, gives=([[2.0, NAN]], [[0, 3]])),
    example("max_pool3d", [[[[1.0, 2.0]], [[4.0, 3.0]]]], kernel_size=(2, 1, 1), gives=[[[[4.0, 3.0]]]]),
    example("avg_pool1d", [[1.0, 2.0, 6.0]], kernel_size=2, stride=1, gives=[[1.5, 4.0]]),
    example("avg_pool2d", [[[1, 2], [3, 5]]], kernel_size=2, gives=[[[2]]]),
    example("avg_pool3d", [[[[1.0, 2.0]], [[4.0, 3.0]]]], kernel_size=(2, 1, 1), gives=[[[[2.5, 2.5]]]]),
    example("adaptive_avg_pool1d", [[1.0, 2.0, 6.0]], output_size=2, gives=[[1.5, 4.0]]),
    example("adaptive_avg_pool3d", [[[[1.0, 2.0]], [[4.0, 3.0]]]], output_size=(1, 1, 2), gives=[[[[2.5, 2.5]]]]),
    example(
        "adaptive_max_pool1d", [[1.0, 7.0, 6.0]], output_size=2, return_indices=True, gives=([[7.0, 7.0]], [[1, 1]])
    ),
    example("adaptive_max_pool3d", [[[[1.0, 2.0]], [[4.0, 3.0]]]], output_size=(1, 1, 2), gives=[[[[4.0, 3.0]]]]),
    example("max_unpool1d", [[5.0, 6.0]], [[1, 2]], kernel_size=2, gives=[[0.0, 5.0, 6.0, 0.0]]),
    example(
        "max_unpool2d",
        [[[5.0]]],
        [[[3]]],
        kernel_size=2,
        output_size=(2, 3),
        gives=[[[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]],
    ),
    example("max_unpool3d", [[[[5.0]]]], [[[[1]]]], kernel_size=(2, 1, 1), gives=[[[[0.0]], [[5.0]]]]),
    # Bins overlap where the size does not divide: 0..1 and 1..2 here.
    example("adaptive_avg_pool2d", IMAGE, output_size=2, gives=[[[[3.0, 4.0], [6.0, 7.0]]]]),
    example("adaptive_avg_pool2d", IMAGE, output_size=1, gives=[[[[5.0]]]]),
    example("adaptive_max_pool2d", IMAGE, output_size=(1, 2), gives=[[[[8.0, 9.0]]]]),
    example("relu", [-2.0, 0.0, 3.0, NAN], gives=[0.0, 0.0, 3.0, NAN]),
    example("relu", [-2, 3], gives=[0, 3]),
    example("relu6", [-2.0, 3.0, 7.5], gives=[0.0, 3.0, 6.0]),
    example("leaky_relu", [-2.0, 3.0], gives=[-0.02, 3.0]),
    example("prelu", [[[-2.0], [-2.0]]], [0.5, 0.25], gives=[[[-1.0], [-0.5]]]),
    example("elu", [-INF, 0.0, 2.0], alpha=0.5, gives=[-0.5, 0.0, 2.0]),
    example("celu", [-INF, -2.0, 0.0, 2.0], alpha=2.0, gives=[-2.0, -1.2642411, 0.0, 2.0]),
    example("selu", [-INF, 0.0, 1.0], gives=[-1.7580993, 0.0, 1.0507010]),
    example("hardshrink", [-0.75, -0.5, 0.25, 0.75], gives=[-0.75, 0.0, 0.0, 0.75]),
    example("softshrink", [-0.75, -0.5, 0.25, 0.75], gives=[-0.25, 0.0, 0.0, 0.25]),
    example("threshold", [-1.0, 0.5, 1.0, NAN], threshold=0.5, value=9.0, gives=[9.0, 9.0, 1.0, NAN]),
    example("gelu", [-1.0, 0.0, 1.0], gives=[-0.15865525, 0.0, 0.84134475]),
    example("gelu", [-1.0, 0.0, 1.0], approximate="tanh", gives=[-0.158808, 0.0, 0.841192]),
    example("sigmoid", [-INF, 0.0, INF, 1000.0], gives=[0.0, 0.5, 1.0, 1.0]),
    example("sigmoid", [0, 0], gives=[0.5, 0.5]),
    example("tanh", [-INF, 0.0, 0.54930615], gives=[-1.0, 0.0, 0.5]),
    example("silu", [0.0, 1.0986123], gives=[0.0, 0.8239592]),
    example("mish", [0.0, 100.0], gives=[0.0, 100.0]),
    example("hardsigmoid", [-4.0, -3.0, 0.0, 1.5, 3.0], gives=[0.0, 0.0, 0.5, 0.75, 1.0]),
    example("hardswish", [-4.0, 0.0, 1.5, 3.0], gives=[0.0, 0.0, 1.125, 3.0]),
    example("hardtanh", [-4.0, 0.5, 4.0], gives=[-1.0, 0.5, 1.0]),
    example("softplus", [0.0, 100.0, -100.0], gives=[0.6931472, 100.0, 0.0]),
    example("softmax", [[0.0, 1.0986123]], dim=1, gives=[[0.25, 0.75]]),
    example("softmax", [1000.0, 1000.0, -INF], dim=0, gives=[0.5, 0.5, 0.0]),
    example("log_softmax", [[0.0, 1.0986123]], dim=1, gives=[[-1.3862944, -0.2876821]]),
    # One key of weight a quarter, one of three quarters.
    example(
        "scaled_dot_product_attention", [[1.0]], [[0.0], [1.0986123]], [[4.0, 0.0], [0.0, 4.0]], gives=[[1.0, 3.0]]
    ),
    example(
        "scaled_dot_product_attention",
        [[1.0], [1.0]],
        [[0.0], [0.0]],
        [[2.0], [6.0]],
        is_causal=True,
        gives=[[2.0], [4.0]],
    ),
    example("scaled_dot_product_attention", [[1.0]], [[0.0], [9.0]], [[2.0], [6.0]], [[True, False]], gives=[[2.0]]),
    example("scaled_dot_product_attention", [[1.0]], [[0.0], [9.0]], [[2.0], [6.0]], scale=0.0, gives=[[4.0]]),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_example(example):
    check_example(example)
