"""Random size expressions, as prefix lists, and what plain Python arithmetic makes of them."""

import operator

from hypothesis import strategies as st

#: Values of the symbols: products of as many as a tree has leaves stay within ``dims.MAX_VALUE``.
VALUES = st.fixed_dictionaries({name: st.integers(1, 60) for name in "HWN"})

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "min": min,
    "max": max,
}
LEAVES = st.one_of(st.sampled_from("HWN"), st.integers(-9, 40))


def _branches(children):
    anything = st.tuples(st.sampled_from(["+", "-", "*", "min", "max"]), children, children)
    divided = st.tuples(st.sampled_from(["//", "%"]), children, st.integers(-12, 12).filter(bool))
    return (anything | divided).map(list)


TREES = st.recursive(LEAVES, _branches, max_leaves=8)
SMALL_TREES = st.recursive(LEAVES, _branches, max_leaves=4)


def plain(tree, symbols):
    """The prefix form ``tree`` in Python's own integers."""
    if isinstance(tree, list):
        return OPERATORS[tree[0]](plain(tree[1], symbols), plain(tree[2], symbols))
    return symbols[tree] if isinstance(tree, str) else tree
