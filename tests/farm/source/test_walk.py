"""One walk over a definition: its hash, its parts, its references."""

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.source.facts import Reference
from farm.source.modules import EFFECTS, UNREADABLE, Import, index
from farm.source.walk import facts

METHOD_A = "    def a(self):\n        return 1\n"
METHOD_B = "    def b(self):\n        return 2\n"


def facts_of(source, name="f", path="models/m.py"):
    return facts(index("models.m", path, False, "id", textwrap.dedent(source).encode()), name)


def references(source, name="f"):
    return {str(r) for r in facts_of(source, name).references}


class TestReferences:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("def f():\n    return g(h.i.j)", {"g", "h.i.j"}),
            ("@deco(arg)\ndef f(a=default):\n    pass", {"deco", "arg", "default"}),
            ("f = g", {"g"}),
            ("f = [x + y for x in g(x)]", {"g", "x", "y"}),
            ("f = [y for x in g for y in x if h(y)]", {"g", "h"}),
            ("f = {x: y for x, y in g}", {"g"}),
            ("f = lambda x, y=z: x + y + w", {"z", "w"}),
            ("class f(B, metaclass=M):\n    a = b\n    c = a", {"B", "M", "b"}),
            ("class f:\n    b: T = d\n    e: U", {"T", "d", "U"}),
            ("def f(a: T) -> U:\n    b: V = c", {"c"}),
            ("f: T = g", {"g"}),
            ("def f():\n    g = 1\n    def h():\n        return g\n    return h", set()),
            ("def f():\n    class C:\n        g = 1\n        def m(self):\n            return g\n    return C", {"g"}),
            ("def f():\n    import a.b\n    return a.b.c", {"a.b.c"}),
            ("def f():\n    from a import b as c\n    return c.d", {"a:b.d"}),
            ("def f():\n    return [].append, ''.join, g().h", {"g"}),
            ("def f():\n    return len(print)", set()),
            ("from x import *\ndef f():\n    return len(y)", {"len", "y"}),
            ("len = 1\ndef f():\n    return len", {"len"}),
            ("def f():\n    try:\n        pass\n    except (A, B) as e:\n        raise C from e", {"A", "B", "C"}),
            ("def f():\n    global g\n    g = h", {"h"}),
            ("def f():\n    with g() as h:\n        return h", {"g"}),
            ("def f(x):\n    x.y = g\n    g2.y = x", {"g", "g2"}),
            ("def f():\n    h[0] = g", {"g", "h"}),
            ("def f():\n    del g.h", {"g"}),
            ("def f():\n    return getattr(g, 'h'), hasattr(g, 'i')", {"g.h", "g.i"}),
            ("def f():\n    return getattr(g.h, 'i', j)", {"g.h.i", "j"}),
            ("def f():\n    return getattr(g, h)", {"g", "h"}),
            ("def f():\n    return f'{g}{h:{i}}'", {"g", "h", "i"}),
            ("def f():\n    match x:\n        case C(a=1) | m.D:\n            return a", {"x", "C", "m.D", "a"}),
            ("async def f():\n    async for x in g:\n        await h(x)", {"g", "h"}),
        ],
    )
    def test_of(self, source, expected):
        assert references(source) == expected

    def test_first_line_of_each(self):
        found = facts_of("\n\ndef f():\n    g()\n    g()\n    h.i()\n")
        assert found.references == {Reference("g"): 4, Reference("h", ("i",)): 6}
        assert found.line == 3

    def test_all_bindings_of_a_name(self):
        assert references("if a:\n    def f():\n        return g\nelse:\n    f = h\n") == {"a", "g", "h"}

    def test_what_a_local_import_runs(self):
        found = facts_of("def f():\n    import a.b\n    from c import d\n")
        assert found.runs == ["a.b", "c", "c.d"]
        assert facts_of("import a\n\n\ndef f():\n    pass\n").runs == []

    def test_loop_variables_of_the_module_are_its_own(self):
        assert references("for i in g:\n    T[i] = i\n", EFFECTS) == {"g", "T"}

    def test_a_local_import_refers_to_what_it_imports(self):
        (reference,) = facts_of("def f():\n    from .a import b\n    return b\n").references
        assert reference == Reference(Import("models.a", "b"))


class TestHash:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("def f():\n    return 1", "def f():\n    '''Doc.'''\n    return 1"),
            ("def f():\n    pass", "def f():\n    '''Doc.'''"),
            ("def f():\n    pass", "def f(): ..."),
            ("f = 'a' 'b'", "f = 'ab'"),
            ("f = 1_000", "f = 1000"),
            ("f = 1e3", "f = 1000.0"),
            ("f = u'a'", "f = 'a'"),
            ("f = (1,)", "f = 1,"),
            ("f = r'\\n'", "f = '\\\\n'"),
            (f"class f:\n{METHOD_A}{METHOD_B}", f"class f:\n{METHOD_B}{METHOD_A}"),
            ("class f:\n    x = 1\n    def a(self):\n        y", "class f:\n    def a(self):\n        y\n    x = 1"),
        ],
    )
    def test_same(self, one, other):
        assert facts_of(one).hash == facts_of(other).hash

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("f = 1", "f = 1.0"),
            ("f = 1", "f = True"),
            ("f = '1'", "f = 1"),
            ("f = b'1'", "f = '1'"),
            ("f = 0.0", "f = -0.0"),
            ("f = None", "f = ..."),
            ("f = [1, [2]]", "f = [[1], 2]"),
            ("f = (1, 2)", "f = [1, 2]"),
            ("f = g(1)(2)", "f = g(1, 2)"),
            ("f = g(*a)", "f = g(a)"),
            ("f = g(a=b)", "f = g(b=a)"),
            ("f = [x for x in y if z]", "f = [x for x in y for z in w]"),
            ("f = a.b", "f = a['b']"),
            ("f = 'x\\x1fy'", "f = 'x', 'y'"),
            ("def f():\n    if a:\n        b\n    c", "def f():\n    if a:\n        b\n        c"),
            ("def f():\n    if a:\n        b\n    else:\n        c", "def f():\n    if a:\n        b\n    c"),
            ("def f(a, /, b):\n    pass", "def f(a, b):\n    pass"),
            ("def f():\n    return x", "def f():\n    yield x"),
            ("def f(a: int):\n    pass", "def f(a: str):\n    pass"),
            ("class f:\n    x = 1\n    y = 2", "class f:\n    y = 2\n    x = 1"),
            ("class f:\n    def a(self):\n        pass", "class f:\n    async def a(self):\n        pass"),
            ("class f:\n    def a(self):\n        pass", "class f:\n    @staticmethod\n    def a(self):\n        pass"),
            ("if a:\n    f = 1", "if b:\n    f = 1"),
            ("if a:\n    f = 1", "if a:\n    pass\nelse:\n    f = 1"),
            ("try:\n    f = 1\nexcept A:\n    f = 2", "try:\n    f = 1\nexcept B:\n    f = 2"),
            ("f = f'{a}'", "f = f'{a!r}'"),
            ("f = f'{a:1}'", "f = f'{a:2}'"),
            ("f = a < b < c", "f = a < b > c"),
            ("f = '\\ud800'", "f = '\\ud801'"),
            (f"f = {2**20000:#x}", f"f = {2**20000 + 1:#x}"),
        ],
    )
    def test_different(self, one, other):
        assert facts_of(one).hash != facts_of(other).hash

    def test_of_what_does_not_parse(self):
        module = index("models.m", "models/m.py", False, "blob", b"x = 1\ny = (")
        assert facts(module, UNREADABLE).hash == "blob"
        assert facts(module, UNREADABLE).line == 2

    @settings(max_examples=80)
    @given(st.recursive(
        st.sampled_from(["1", "'a'", "x", "g.h", "None", "-1", "(lambda: y)"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("({0[0]}, {0[1]})".format),
            st.tuples(inner, inner).map("({0[0]} + {0[1]})".format),
            st.tuples(inner, inner).map("g({0[0]}, k={0[1]})".format),
            inner.map("[{0}]".format),
            inner.map("{{'k': {0}}}".format),
        ),
        max_leaves=8,
    ), st.data())  # fmt: skip
    def test_two_expressions_have_one_hash_just_where_they_are_the_same(self, one, data):
        other = data.draw(st.sampled_from([one, f"({one})", f"[{one}]", one.replace("1", "2"), one.replace("x", "z")]))
        same = ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
        assert (facts_of(f"f = {one}").hash == facts_of(f"f = {other}").hash) == same


class TestMembers:
    def test_of_a_class(self):
        found = facts_of(
            "class f:\n    a = 1\n    b: int = 2\n    c: int\n    d = e = 3\n    x, y = 1, 2\n    def m(self):\n        pass\n"
        )
        assert [(m.name, m.line) for m in found.members] == [
            ("a", 2),
            ("b", 3),
            ("c", 4),
            ("d", 5),
            ("<body>", 6),
            ("m", 7),
        ]

    def test_their_hashes_do_not_depend_on_each_other(self):
        one = facts_of("class f:\n    def a(self):\n        return 1\n    def b(self):\n        return 2\n")
        two = facts_of("class f:\n    def a(self):\n        return 3\n    def b(self):\n        return 2\n")
        assert one.members[0].hash != two.members[0].hash
        assert one.members[1].hash == two.members[1].hash

    def test_a_function_has_none(self):
        assert facts_of("def f():\n    def g():\n        pass\n").members == ()
