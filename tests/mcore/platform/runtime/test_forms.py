"""Forms against NumPy: a chain of view ops on a real array lies where the forms say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcore.platform.dtypes import DType
from mcore.platform.graph import TensorType
from mcore.platform.ops import registry
from mcore.platform.runtime.binding import BoundNode
from mcore.platform.runtime.forms import IMAGE, RESHAPES, Forms


def forms_of(**shapes: tuple[int, ...]) -> Forms:
    return Forms({name: TensorType(DType.FLOAT32, shape) for name, shape in shapes.items()})


def node(forms: Forms, op: str, source: str, *outputs: str, **attributes: object) -> BoundNode:
    given_ = registry.get(op).normalise(attributes)
    for name, kind in zip(outputs, registry.get(op).types([forms.types[source]], given_), strict=True):
        forms.types[name] = kind
    return BoundNode(op, (source,), outputs, given_, op)


@st.composite
def view_ops(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[str, dict[str, object]]:
    rank = len(shape)
    dim = draw(st.integers(0, rank - 1))
    size = shape[dim]
    options: list[tuple[str, dict[str, object]]] = [
        ("permute", {"dims": tuple(draw(st.permutations(range(rank))))}),
        ("transpose", {"dim0": dim, "dim1": draw(st.integers(-rank, rank - 1))}),
        ("unsqueeze", {"dim": dim}),
        ("squeeze", {"dim": dim}),
        ("flatten", {"start_dim": dim, "end_dim": draw(st.integers(dim, rank - 1))}),
        ("select", {"dim": dim, "index": draw(st.integers(-size, size - 1))}),
        ("slice", {"dim": dim, "start": draw(st.integers(0, size - 1)), "end": size, "step": draw(st.integers(1, 2))}),
        ("unbind", {"dim": dim}),
        ("chunk", {"chunks": draw(st.integers(1, 3)), "dim": dim}),
        ("expand", {"size": (draw(st.integers(1, 3)), *shape)}),
        ("reshape", {"shape": (*shape[:dim], *((2, size // 2) if size % 2 == 0 else (size,)), *shape[dim + 1 :])}),
    ]
    return draw(st.sampled_from(options))


@settings(max_examples=200)
@given(data=st.data())
def test_views_lie_where_numpy_puts_them(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    forms = forms_of(v=shape)
    forms.place("v", order)
    memory = np.arange(np.prod(shape), dtype=np.float32)
    array = memory.reshape([shape[d] for d in order]).transpose(np.argsort(order))
    name = "v"
    for step in range(data.draw(st.integers(1, 4))):
        if not array.ndim:
            return
        op, attributes = data.draw(view_ops(array.shape))
        kernel = registry.get(op).kernel
        results = kernel(array, **registry.get(op).normalise(attributes))
        results = results if isinstance(results, tuple) else (results,)
        made = node(forms, op, name, *(f"v{step}.{i}" for i in range(len(results))), **attributes)
        if not forms.derive(made):
            assert op in RESHAPES
            assert not np.shares_memory(results[0], memory)
            return
        which = data.draw(st.integers(0, len(results) - 1))
        array, name = results[which], made.outputs[which]
        form = forms.form(name)
        strides = [4 * stride for stride in form.strides]
        np.testing.assert_array_equal(
            np.lib.stride_tricks.as_strided(memory[form.offset :], forms.shape(name), strides), array
        )
        assert forms.root(name) == "v"
        dense = forms.dense_order(name)
        assert (dense is not None) == any(array.transpose(forms.order(name)).flags.c_contiguous for _ in "1")


def test_an_injected_kernel_is_no_view() -> None:
    forms = forms_of(v=(2, 3), w=(3, 2))
    forms.place("v")
    assert not forms.derive(BoundNode("permute", ("v",), ("w",), {"dims": (1, 0)}, "permute", kernel=np.transpose))


def test_order_of_images_and_of_their_permutation() -> None:
    forms = forms_of(v=(2, 3, 4, 5))
    forms.place("v", IMAGE)
    assert forms.dense_order("v") == IMAGE
    assert forms.derive(node(forms, "permute", "v", "w", dims=(0, 2, 3, 1)))
    assert forms.dense_order("w") == (0, 1, 2, 3)
    assert (forms.root("v"), forms.root("w")) == ("v", "v")


def test_rows_are_at_one_distance_and_whole() -> None:
    forms = forms_of(v=(2, 5, 12))
    forms.place("v")
    assert forms.rows("v", 1) == (0, 1, 2)
    forms.derive(node(forms, "slice", "v", "part", dim=2, start=4, end=8))
    assert forms.rows("part", 1) == (0, 1, 2)
    forms.derive(node(forms, "slice", "v", "some", dim=1, start=0, end=3))
    assert forms.rows("some", 1) is None
    forms.derive(node(forms, "transpose", "v", "turned", dim0=0, dim1=1))
    assert forms.rows("turned", 1) == (1, 0, 2)
    forms.derive(node(forms, "transpose", "v", "columns", dim0=1, dim1=2))
    assert forms.rows("columns", 1) is None
    forms.derive(node(forms, "expand", "v", "same", size=(3, 2, 5, 12)))
    assert forms.rows("same", 1) is None


def test_matrices_are_what_blas_takes() -> None:
    forms = forms_of(v=(2, 5, 12))
    forms.place("v")
    assert forms.is_matrix("v")
    forms.derive(node(forms, "transpose", "v", "columns", dim0=1, dim1=2))
    assert forms.is_matrix("columns")
    forms.derive(node(forms, "transpose", "v", "apart", dim0=0, dim1=2))
    assert not forms.is_matrix("apart")
    forms.derive(node(forms, "expand", "v", "same", size=(3, 2, 5, 12)))
    assert forms.is_matrix("same")
    forms.derive(node(forms, "slice", "v", "thin", dim=1, start=0, end=1))
    forms.derive(node(forms, "expand", "thin", "repeated", size=(2, 7, 12)))
    assert not forms.is_matrix("repeated")
