"""Values of one shape that lie in memory in different ways."""

from hypothesis import strategies as st

from tests.mcore.platform.runtime.graphs import Sketch

shapes = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


def value(s: Sketch, data: st.DataObject, shape: tuple[int, ...]) -> str:
    """An input of ``shape``, or a view of one: in another order of dimensions, a part of a larger one, with new dimensions."""
    kind = data.draw(st.sampled_from(["plain", "permuted", "part", "image", "reshaped"]))
    name, rank = f"x{len(s.inputs)}", len(shape)
    if kind == "permuted":
        dims = data.draw(st.permutations(range(rank)))
        source = [0] * rank
        for axis, dim in enumerate(dims):
            source[dim] = shape[axis]
        return s.node("permute", s.input(name, *source), dims=tuple(dims))
    if kind == "part":
        axis = data.draw(st.integers(0, rank - 1))
        larger = (*shape[:axis], shape[axis] + 3, *shape[axis + 1 :])
        return s.node("slice", s.input(name, *larger), dim=axis, start=1, end=1 + shape[axis])
    if kind == "image" and rank == 4:
        return s.conv(s.input(name, shape[0], 3, *shape[2:]), shape[1], 1)
    if kind == "reshaped":
        return s.node("reshape", s.input(name, *shape[::-1]), shape=shape)
    return s.input(name, *shape)
