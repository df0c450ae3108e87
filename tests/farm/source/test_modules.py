"""The index of a module's top level."""

import ast
import textwrap

import pytest

from farm.source.modules import EFFECTS, NAMES, Import, absolute, index, unwind


def indexed(source, name="models.a.b", package=False):
    path = name.replace(".", "/") + ("/__init__.py" if package else ".py")
    return index(name, path, package, "id", textwrap.dedent(source).encode())


def bound(source):
    """Names that are bound, and how often."""
    return {name: len(bindings) for name, bindings in indexed(source).bindings.items()}


class TestBindings:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("def f():\n    x = 1", {"f": 1}),
            ("async def f():\n    pass", {"f": 1}),
            ("class C:\n    x = 1", {"C": 1}),
            ("x = 1", {"x": 1}),
            ("x = y = 1", {"x": 1, "y": 1}),
            ("x, (y, *z) = 1, (2, 3)", {"x": 1, "y": 1, "z": 1}),
            ("[x, y] = 1, 2", {"x": 1, "y": 1}),
            ("x: int = 1", {"x": 1}),
            ("x: int", {}),
            ("x = 1\nx += 1", {"x": 2}),
            ("x = 1\ndel x", {"x": 2}),
            ("x = 1\n\ndef x():\n    pass", {"x": 2}),
            ("x = (y := 1)", {"x": 1, "y": 1}),
            ("print(y := 1)", {"y": 1, EFFECTS: 1}),
            ("import a", {"a": 1}),
            ("import a.b.c", {"a": 1}),
            ("import a.b as c, d", {"c": 1, "d": 1}),
            ("from a import b, c as d", {"b": 1, "d": 1}),
            ("from a import *", {}),
            ("if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    y = 3", {"x": 2, "y": 1}),
            ("try:\n    x = 1\nexcept E:\n    x = 2\nelse:\n    y = 1\nfinally:\n    z = 1", {"x": 2, "y": 1, "z": 1}),
            ("with a as b, c as (d, e):\n    x = 1", {"b": 1, "d": 1, "e": 1, "x": 1}),
            ("for i in a:\n    x = i", {"i": 1, "x": 1, EFFECTS: 1}),
            ("while a:\n    x = 1", {"x": 1, EFFECTS: 1}),
            (
                "for i in a:\n    def f():\n        y = 1\n    class C:\n        z = 1",
                {"i": 1, "f": 1, "C": 1, EFFECTS: 1},
            ),
            ("for i in a:\n    import b.c, d as e", {"i": 1, "b": 1, "e": 1, EFFECTS: 1}),
            ("match a:\n    case [b, *c]:\n        d = 1", {"b": 1, "c": 1, "d": 1, EFFECTS: 1}),
            ("x.y = 1", {EFFECTS: 1}),
            ("x[0] = 1", {EFFECTS: 1}),
            ("x, y[0] = 1, 2", {"x": 1, EFFECTS: 1}),
            ("x, *y.z = 1, 2", {"x": 1, EFFECTS: 1}),
            ("del x[0]", {EFFECTS: 1}),
            ("f()", {EFFECTS: 1}),
            ("assert x", {EFFECTS: 1}),
            ("'text'", {}),
            ("...", {}),
            ("pass", {}),
            ("__all__ = []\n__all__ += ['x']\n__all__.extend(y)\n__all__.append('z')", {"__all__": 4}),
            ("__all__ = []\n__all__.sort()", {"__all__": 1, EFFECTS: 1}),
            ("if __name__ == '__main__':\n    x = f()\nelse:\n    y = 1", {"y": 1}),
            ("globals().update(x)", {NAMES: 1}),
            ("globals()['x'] = 1", {NAMES: 1}),
            ("for n in x:\n    globals()[n] = 1", {"n": 1, NAMES: 1}),
            ("import sys\nsetattr(sys.modules[__name__], 'x', 1)", {"sys": 1, NAMES: 1}),
            ("vars()['x'] = 1", {NAMES: 1}),
            ("vars(a)['x'] = 1", {EFFECTS: 1}),
        ],
    )
    def test_of(self, source, expected):
        assert bound(source) == expected

    def test_conditions(self):
        module = indexed("if a:\n    try:\n        import x\n    except E:\n        x = None\nelse:\n    x = 1\n")
        kinds = [[g.kind for g in b.guards] for b in module.bindings["x"]]
        assert kinds == [["if", "try"], ["if", "except"], ["else"]]
        assert [b.imported for b in module.bindings["x"]] == [Import("x"), None, None]

    def test_a_with_statement_is_a_condition(self):
        (binding,) = indexed("with suppress(ImportError):\n    import x\n").bindings["x"]
        assert [(g.kind, ast.unparse(g.node)) for g in binding.guards] == [("with", "suppress(ImportError)")]

    def test_variables_of_loops(self):
        module = indexed("for i, j in a:\n    x[i] = j\nk = 1\nfor k in b:\n    f(k)\n")
        assert module.bound_by_effects() == {EFFECTS, "i", "j"}


class TestImports:
    @pytest.mark.parametrize(
        ("statement", "name", "expected"),
        [
            ("import x.y", "x", Import("x")),
            ("import x.y as z", "z", Import("x.y")),
            ("from x.y import z", "z", Import("x.y", "z")),
            ("from . import z", "z", Import("models.a", "z")),
            ("from .c import z", "z", Import("models.a.c", "z")),
            ("from .. import z", "z", Import("models", "z")),
            ("from ..c.d import z as w", "w", Import("models.c.d", "z")),
        ],
    )
    def test_meaning(self, statement, name, expected):
        (binding,) = indexed(statement).bindings[name]
        assert binding.imported == expected

    @pytest.mark.parametrize(
        ("level", "name", "expected"),
        [(0, "x", "x"), (1, None, "models.a"), (1, "x", "models.a.x"), (2, "x", "models.x")],
    )
    def test_relative_to_a_package_itself(self, level, name, expected):
        assert absolute(indexed("", "models.a", package=True), level, name) == expected

    def test_what_runs(self):
        module = indexed("import x.y\nfrom . import z\nfrom .c import *\n\n\ndef f():\n    import not_yet\n")
        assert module.imports == ["x.y", "models.a", "models.a.z", "models.a.c"]
        assert module.stars == ["models.a.c"]


class TestModule:
    def test_parents(self):
        assert indexed("", "models.a.b").parent == "models.a"
        assert indexed("", "models.a.b", package=True).parent == "models.a.b"

    @pytest.mark.parametrize(
        ("source", "expected"),
        [("x = 1", False), ("globals().update(x)", True), ("def __getattr__(name):\n    pass", True)],
    )
    def test_populates_itself(self, source, expected):
        assert indexed(source).populates_itself is expected

    @pytest.mark.parametrize(
        ("source", "line"), [("x = 1\ny = (\n", 2), ("def f(:\n    pass", 1), ("x = 1\0", 1), ("  x = 1\n y = 2", 1)]
    )
    def test_what_does_not_parse(self, source, line):
        module = index("a", "a.py", False, "id", source.encode())
        assert module.error is not None
        assert module.error[0] in (line, line + 1)
        assert "\n" not in module.error[1]
        assert module.bindings == {}

    def test_bytes_of_no_known_encoding(self):
        assert index("a", "a.py", False, "id", b"x = '\xff'").error is not None

    def test_a_declared_encoding(self):
        module = index("a", "a.py", False, "id", "# coding: latin-1\nx = 'ä'\n".encode("latin-1"))
        assert module.error is None
        assert list(module.bindings) == ["x"]

    def test_deep_nesting_is_an_error_and_no_crash(self):
        module = index("a", "a.py", False, "id", ("(" * 5000 + ")" * 5000).encode())
        assert module.error is not None


def test_unwind():
    root, attributes = unwind(ast.parse("a.b.c", mode="eval").body)
    assert (ast.unparse(root), attributes) == ("a", ("b", "c"))
    root, attributes = unwind(ast.parse("f().b", mode="eval").body)
    assert (ast.unparse(root), attributes) == ("f()", ("b",))
    assert unwind(ast.parse("a", mode="eval").body)[1] == ()
