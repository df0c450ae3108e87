"""Computed names: what is resolved, what becomes a wildcard, and names that modules make when they run."""

import textwrap

import pytest

A = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
PARTS = {"models/parts/__init__.py": "", "models/parts/a.py": A, "models/parts/b.py": "def f():\n    return 3\n"}


@pytest.fixture(scope="session")
def reached(one_closure):
    """Definitions of ``models.parts`` that a network reaches, and its wildcards."""

    def make(source, others=PARTS, prefix="models.parts.", **options):
        closure = one_closure(source, others, **options)
        found = {n.removeprefix(prefix) for n in closure.definitions if n.startswith(prefix)}
        return found, [(w.line, w.scope) for w in closure.wildcards]

    return make


def net(body, imports=""):
    return f"{imports}\n\n\nclass Net:\n" + textwrap.indent(textwrap.dedent(body), "    ")


class TestLiteral:
    """A literal makes an ordinary edge."""

    @pytest.mark.parametrize(
        ("imports", "body"),
        [
            ("from models.parts import a", "x = getattr(a, 'f')"),
            ("from models.parts import a", "x = a.f"),
            ("import models.parts.a", "x = models.parts.a.f"),
            ("import models.parts.a as m", "x = m.f"),
            ("from models import parts\nimport models.parts.a", "x = parts.a.f"),
            ("from models import parts\nimport models.parts.a", "x = getattr(parts.a, 'f')"),
            ("import importlib", "x = importlib.import_module('models.parts.a').f"),
            ("from importlib import import_module", "x = import_module('models.parts.a').f"),
            ("from importlib import import_module as load", "x = getattr(load('models.parts.a'), 'f')"),
            ("from importlib import import_module", "x = import_module('.a', 'models.parts').f"),
            ("from importlib import import_module", "x = import_module('..parts.a', package='models.networks').f"),
            ("from importlib import import_module", "x = import_module('..parts.a', __package__).f"),
            ("from importlib import import_module", "x = import_module('models.parts' + '.a').f"),
            ("from importlib import import_module\nP = 'models.parts'", "x = import_module(f'{P}.a').f"),
            ("", "def m(self):\n    from models.parts.a import f\n    return f()"),
            ("", "def m(self):\n    import models.parts.a as q\n    return q.f()"),
            ("", "def m(self):\n    from models.parts import a\n    return getattr(a, 'f')()"),
            ("", "def m(self):\n    from ..parts import a as q\n    return [q.f for _ in range(2)]"),
            ("import sys, models.parts.a", "x = sys.modules['models.parts.a'].f"),
            ("from models.parts.a import f", "x = globals()['f']"),
            ("from models.parts.a import f", "x = staticmethod(lambda: f())"),
            ("from models.parts.a import f", "def m(self, x=f):\n    return x"),
            ("from models.parts.a import f", "@f\n    def m(self):\n        return 1".replace("\n    ", "\n")),
            ("from models.parts.a import f", "x = [(y, f) for y in range(3)]"),
            ("from models.parts.a import f", "x = {f: 1, **{}}"),
            ("from models.parts.a import f", "y: f = None"),
            ("from models.parts.a import f", "def m(self, *, k=(lambda: f)):\n    return k"),
            ("from models.parts.a import f", "def m(self):\n    match self:\n        case f.x:\n            return 1"),
            ("from models.parts.a import f", "x = f'{f}'"),
            ("from models.parts.a import f", "def m(self):\n    global h\n    h = f"),
            ("from models.parts.a import f as f2", "class Inner:\n    x = f2"),
        ],
    )
    def test_edge(self, reached, imports, body):
        assert reached(net(body, imports)) == ({"a.f"}, [])

    @pytest.mark.parametrize(
        "body",
        [
            "def m(self, f):\n    return f()",
            "def m(self):\n    f = 1\n    return f",
            "def m(self):\n    return [f for f in range(3)]",
            "def m(self):\n    for f in range(3):\n        print(f)",
            "def m(self):\n    with open('x') as f:\n        return f.read()",
            "def m(self):\n    return lambda f: f + 1",
            "def m(self):\n    def f():\n        return 1\n    return f",
            "def m(self):\n    try:\n        pass\n    except ValueError as f:\n        return f",
            "def m(self):\n    if (f := 1):\n        return f",
            "def m(self):\n    return [f := 1, f]",
            "def m(self, *f, **a):\n    return f, a",
            "def m(self):\n    f = 1\n    def inner():\n        return f\n    return inner",
            "def m(self):\n    f = 0\n    def inner():\n        nonlocal f\n        f = 1\n    return inner",
            "def m(self, x: f) -> f:\n    return x",
            "def m(self):\n    x: f = 1\n    return x",
            "def m(self):\n    match self:\n        case [f, *_]:\n            return f",
            "x = self.f",
            "x = 'f'",
        ],
    )
    def test_a_local_name_is_no_edge(self, reached, body):
        assert reached(net(body, "from models.parts.a import f")) == (set(), [])

    def test_names_of_a_class_body_are_not_seen_from_its_methods(self, reached):
        body = "f = 1\n\ndef m(self):\n    return f"
        assert reached(net(body, "from models.parts.a import f")) == ({"a.f"}, [])


class TestWildcards:
    @pytest.mark.parametrize(
        ("imports", "body", "expected"),
        [
            pytest.param(
                "from models.parts import a",
                "def m(self, n):\n    return getattr(a, n)()",
                {"a.f", "a.g"},
                id="getattr",
            ),
            pytest.param("from models.parts import a", "x = vars(a)", {"a.f", "a.g"}, id="vars"),
            pytest.param("from models.parts import a", "x = a.__dict__['f']", {"a.f", "a.g"}, id="dict"),
            pytest.param("from models.parts import a, b", "x = [a, b]", {"a.f", "a.g", "b.f"}, id="list of modules"),
            pytest.param("from models import parts", "x = getattr(parts, n)", {"a.f", "a.g", "b.f"}, id="package"),
            pytest.param(
                "from models.parts import a", "def m(self):\n    x = a\n    return x.f()", {"a.f", "a.g"}, id="local"
            ),
        ],
    )
    def test_a_module_as_a_value(self, reached, imports, body, expected):
        found, wildcards = reached(net(body, imports))
        assert found == expected
        assert {scope for _, scope in wildcards} <= {"models.parts", "models.parts.a", "models.parts.b"}
        assert wildcards

    @pytest.mark.parametrize(
        ("name", "scope", "expected"),
        [
            ("f'models.parts.{n}'", "models.parts.*", {"a.f", "a.g", "b.f"}),
            ("'models.parts.' + n", "models.parts.*", {"a.f", "a.g", "b.f"}),
            ("f'.{n}', 'models.parts'", "models.parts.*", {"a.f", "a.g", "b.f"}),
            ("f'models.{n}.a'", "models.*.a", {"a.f", "a.g"}),
            ("HOMES[n]", "models.parts.b", {"b.f"}),
            ("HOMES.get(n)", "models.parts.b", {"b.f"}),
            ("f'{PACKAGE}.{HOMES2[n]}'", "models.parts.a", {"a.f", "a.g"}),
            ("'models.parts.a' if n else 'models.parts.b'", "models.parts.a", {"a.f", "a.g", "b.f"}),
            ("'torch.nn'", None, set()),
            ("f'torch.{n}'", None, set()),
        ],
    )
    def test_a_computed_import(self, reached, name, scope, expected):
        imports = (
            "from importlib import import_module\nPACKAGE = 'models.parts'\n"
            "HOMES = {'x': 'models.parts.b', 'y': 'torch.nn'}\nHOMES2 = {'x': 'a'}"
        )
        found, wildcards = reached(net(f"def m(self, n):\n    return import_module({name})", imports))
        assert found == expected
        assert scope is None or scope in {s for _, s in wildcards}
        assert bool(wildcards) == bool(expected)

    def test_a_name_from_a_loop_over_literals(self, reached):
        body = "def m(self):\n    for n in ('a', 'c'):\n        yield import_module(f'models.parts.{n}')"
        found, wildcards = reached(net(body, "from importlib import import_module"))
        assert found == {"a.f", "a.g"}
        assert wildcards == [(7, "models.parts.a")]

    def test_a_local_that_is_bound_once(self, reached):
        body = "def m(self, n):\n    path = f'models.parts.{n}'\n    return import_module(path).f"
        assert reached(net(body, "from importlib import import_module"))[0] == {"a.f", "b.f"}

    def test_a_local_that_is_bound_twice_may_be_anything(self, reached):
        body = "def m(self, n):\n    path = 'models.parts.a'\n    path += n\n    return import_module(path)"
        found, wildcards = reached(net(body, "from importlib import import_module"))
        assert found == {"a.f", "a.g", "b.f"}
        assert wildcards == [(8, "*")]

    @pytest.mark.parametrize(
        "change",
        [
            "HOMES['y'] = 'models.parts.a'",
            "HOMES.update(y='models.parts.a')",
            "HOMES |= {'y': 'models.parts.a'}",
            "def add(name, home):\n    HOMES[name] = home",
        ],
    )
    def test_a_table_that_is_changed_may_hold_anything(self, reached, change):
        imports = f"from importlib import import_module\nHOMES = {{'x': 'models.parts.b'}}\n{change}"
        found, wildcards = reached(net("def m(self, n):\n    return import_module(HOMES[n])", imports))
        assert found == {"a.f", "a.g", "b.f"}
        assert [scope for _, scope in wildcards] == ["*"]

    def test_a_table_of_another_module_that_is_changed_from_here(self, reached):
        imports = "from importlib import import_module\nfrom models.homes import HOMES\nHOMES['y'] = 'models.parts.a'"
        others = {**PARTS, "models/homes.py": "HOMES = {'x': 'models.parts.b'}\n"}
        body = "def m(self, n):\n    return import_module(HOMES[n])"
        assert reached(net(body, imports), others)[1] == [(8, "*")]
        unchanged = imports.rpartition("\n")[0]
        assert reached(net(body, unchanged), others) == ({"b.f"}, [(7, "models.parts.b")])

    @pytest.mark.parametrize(
        "body",
        [
            "def m(self, n):\n    return import_module(n)",
            "load = import_module",
            "def m(self, n, load=import_module):\n    return load(n)",
            "def m(self, n):\n    return __import__(n)",
            "def m(self, n):\n    import runpy\n    return runpy.run_path(n)",
        ],
    )
    def test_anything(self, reached, body):
        found, wildcards = reached(net(body, "from importlib import import_module"))
        assert found == {"a.f", "a.g", "b.f"}
        assert [scope for _, scope in wildcards] == ["*"]

    def test_names_of_the_own_module(self, one_closure):
        source = "def one():\n    return 1\n\n\ndef two():\n    return 2\n" + net(
            "def m(self, n):\n    return globals()[n]()"
        )
        closure = one_closure(source)
        assert {"models.networks.net.one", "models.networks.net.two"} <= set(closure.definitions)
        assert [str(w) for w in closure.wildcards] == [
            "its own module's names (models/networks/net.py:12) may reach anything in models.networks.net"
        ]

    @pytest.mark.parametrize("call", ["eval(n)", "exec(n)", "eval('one()')"])
    def test_code_from_text(self, one_closure, call):
        closure = one_closure("def one():\n    return 1\n" + net(f"def m(self, n):\n    return {call}"))
        assert "models.networks.net.one" in closure.definitions
        assert closure.wildcards

    @pytest.mark.parametrize(
        "body",
        [
            "def m(self, n):\n    return getattr(self, n)",
            "def m(self, n, o):\n    return getattr(o, n)",
            "def m(self, n):\n    setattr(self, n, 1)",
            "def m(self):\n    return locals()['n'], vars()",
        ],
    )
    def test_attributes_of_objects_are_no_wildcard(self, reached, body):
        assert reached(net(body, "from models.parts.a import f")) == (set(), [])

    def test_a_wildcard_sees_a_new_module(self, one_closure):
        source = net(
            "def m(self, n):\n    return import_module(f'models.parts.{n}')", "from importlib import import_module"
        )
        before = one_closure(source, PARTS)
        assert one_closure(source, {**PARTS, "models/parts/c.py": "def h():\n    return 1\n"}).hash != before.hash
        assert one_closure(source, {**PARTS, "models/other.py": "def h():\n    return 1\n"}).hash == before.hash


class TestMadeNames:
    """Names that a module has only when it runs."""

    SWITCH = {  # noqa: RUF012
        "mcore/__init__.py": "",
        "mcore/backend.py": """\
            import os
            from importlib import import_module

            _HOMES = {"one": "mcore.one", "two": "mcore.two"}


            def bind(part, names, backend=os.environ.get("B")):
                space = import_module(f"{_HOMES[backend]}.{part}")
                if missing := [name for name in names if not hasattr(space, name)]:
                    raise ValueError(missing)
                return {name: getattr(space, name) for name in names}
            """,
        "mcore/layers.py": """\
            from mcore.backend import bind

            LAYERS = ("Conv", "Norm")
            globals().update(bind("layers", LAYERS))
            __all__ = list(LAYERS)
            """,
        "mcore/one/__init__.py": "",
        "mcore/one/layers.py": "from torch.nn import *\n",
        "mcore/one/other.py": "class Conv:\n    pass\n",
        "mcore/two/__init__.py": "",
        "mcore/two/layers.py": "def helper():\n    pass\n\n\nclass Conv:\n    x = helper()\n\n\nclass Norm:\n    pass\n",
    }

    def test_a_switch_gives_the_same_name_of_its_homes(self, reached):
        found, wildcards = reached(net("x = Conv()", "from mcore.layers import Conv"), self.SWITCH, "mcore.")
        assert found == {
            "layers.Conv", "layers.<names>", "layers.LAYERS",
            "backend.bind", "backend._HOMES", "two.layers.Conv", "two.layers.helper",
        }  # fmt: skip
        assert wildcards == []

    def test_through_a_star_import(self, reached):
        others = {**self.SWITCH, "models/layers.py": "from mcore.layers import *\n"}
        found, _ = reached(net("x = Norm()", "from models.layers import Norm"), others, "mcore.two.")
        assert found == {"layers.Norm"}

    def test_leaves_of_a_made_name(self, one_closure):
        closure = one_closure(net("x = Conv()", "from mcore.layers import Conv"), self.SWITCH)
        assert closure.definitions["mcore.layers.Conv"].links == ("<torch.nn.Conv>", "mcore.two.layers.Conv")

    def test_a_getattr_that_is_asked_for_the_name(self, reached):
        lazy = """\
            from importlib import import_module

            _SUBMODULES = ("one", "two")
            _EXPORTS = {
                **dict.fromkeys(("Conv", "Norm"), "mcore.two.layers"),
                **dict.fromkeys(("Other",), "mcore.one.other"),
            }


            def __getattr__(name):
                if name in _SUBMODULES:
                    return import_module(f"mcore.{name}")
                if name not in _EXPORTS:
                    raise AttributeError(name)
                return getattr(import_module(_EXPORTS[name]), name)
            """
        found, wildcards = reached(
            net("x = Norm()", "from mcore import Norm"), {**self.SWITCH, "mcore/__init__.py": lazy}, "mcore."
        )
        assert found == {"Norm", "__getattr__", "_EXPORTS", "_SUBMODULES", "two.layers.Norm"}
        assert wildcards == []

    def test_a_loop_that_fills_the_namespace(self, reached):
        layers = "from mcore.two import layers\n\nfor name in ('Conv', 'Norm'):\n    globals()[name] = getattr(layers, name)\n"
        others = {**self.SWITCH, "mcore/layers.py": layers}
        found, wildcards = reached(net("x = Norm()", "from mcore.layers import Norm"), others, "mcore.")
        assert found == {"layers.Norm", "layers.<names>", "two.layers.Norm"}
        assert wildcards == []

    @pytest.mark.parametrize(
        "made",
        [
            "{name: getattr(layers, 'My' + name) for name in NAMES}",
            "{name.lower(): getattr(layers, name) for name in NAMES}",
            "{k: getattr(layers, v) for k, v in PAIRS}",
            "{k.lower(): v for k, v in vars(layers).items()}",
            "{k.lower(): v for k, v in layers.__dict__.items()}",
            "{k: getattr(layers, k) for k in dir(layers)}",
        ],
    )
    @pytest.mark.parametrize("name", ["Norm", "norm"])
    def test_what_may_change_names_is_a_wildcard(self, reached, made, name):
        layers = f"from mcore.two import layers\nNAMES = PAIRS = ()\nglobals().update({made})\n"
        others = {**self.SWITCH, "mcore/layers.py": layers}
        found, wildcards = reached(
            net(f"x = {name}()", f"from mcore.layers import {name}"), others, "mcore.two.layers."
        )
        assert found == {"Conv", "Norm", "helper"}
        assert wildcards == [(3, "mcore.two.layers")]

    @pytest.mark.parametrize("made", ["vars(layers)", "{name: getattr(layers, name) for name in NAMES}"])
    def test_what_keeps_names_is_none(self, reached, made):
        layers = f"from mcore.two import layers\nNAMES = ()\nglobals().update({made})\n"
        others = {**self.SWITCH, "mcore/layers.py": layers}
        found, wildcards = reached(net("x = Norm()", "from mcore.layers import Norm"), others, "mcore.two.layers.")
        assert found == {"Norm"}
        assert wildcards == []

    def test_a_getattr_that_renames_is_a_wildcard(self, reached):
        lazy = (
            "from mcore.two import layers\n_NEW = {'Old': 'Norm'}\n\n\n"
            "def __getattr__(name):\n    return getattr(layers, _NEW[name])\n"
        )
        others = {**self.SWITCH, "mcore/layers.py": lazy}
        found, wildcards = reached(net("x = Old()", "from mcore.layers import Old"), others, "mcore.two.layers.")
        assert found == {"Conv", "Norm", "helper"}
        assert wildcards == [(6, "mcore.two.layers")]

    def test_a_getattr_without_imports(self, reached):
        lazy = "def made():\n    return 1\n\n\ndef __getattr__(name):\n    return made()\n"
        found, _ = reached(net("x = Any()", "from mcore.lazy import Any"), {"mcore/lazy.py": lazy}, "mcore.lazy.")
        assert found == {"Any", "__getattr__", "made"}

    def test_a_bound_name_is_not_made(self, reached):
        lazy = "def one():\n    return 1\n\n\ndef __getattr__(name):\n    return 2\n"
        assert reached(net("x = one()", "from mcore.lazy import one"), {"mcore/lazy.py": lazy}, "mcore.lazy.")[0] == {
            "one"
        }
