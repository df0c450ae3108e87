"""Random small repositories, run before and after an edit: whatever changes what a network gives, changes its closure hash."""

import importlib.abc
import importlib.machinery
import sys
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farm.source.catalogue import Catalogue, discover
from farm.source.closure import compute_closures

UNUSED = "def other():\n    return 1\n"
CATALOGUE = Catalogue(package="zoo", packages=("zoo",), levels={"network": "zoo/networks"})

#: Ways to make a definition ``{name}`` with a number ``{k}`` that, called, gives something of ``{old}`` of ``{home}``.
TEXT = """\
from zoo.{home} import {old}
def {name}():
    return {k}, {old}()
---
import zoo.{home}
def {name}():
    return {k}, zoo.{home}.{old}()
---
import zoo.{home} as m{k}
def {name}(inner=m{k}.{old}):
    return inner(), {k}
---
from zoo import {home}
def {name}():
    return getattr({home}, '{old}')(), {k}
---
from zoo import {home}
def {name}(which='{old}'):
    return getattr({home}, which)(), {k}
---
from zoo.{home} import *
def {name}():
    return [({old}(), i) for i in ({k}, 1)]
---
from zoo.{home} import {old} as other{k}
VALUE_{name} = [other{k}()]
def {name}():
    return VALUE_{name}, {k}
---
from zoo.{home} import {old}
class Base_{name}:
    k = {k}
    def run(self):
        return self.k, {old}()
class Sub_{name}(Base_{name}):
    pass
def {name}():
    return Sub_{name}().run()
---
from importlib import import_module
def {name}(where='{home}'):
    return import_module(f'zoo.{{where}}').{old}(), {k}
---
from importlib import import_module
HOMES_{name} = {{'a': 'zoo.{home}'}}
def {name}(key='a'):
    return getattr(import_module(HOMES_{name}[key]), '{old}')(), {k}
---
def {name}():
    from zoo.{home} import {old} as local
    return (lambda: local())(), {k}
---
TABLE_{name} = {{}}
def enter_{name}(f):
    TABLE_{name}['x'] = f
    return f
from zoo.{home} import {old}
@enter_{name}
def entered_{name}():
    return {old}(), {k}
def {name}():
    return TABLE_{name}['x']()
---
from zoo.{home} import {old}
LIST_{name} = []
LIST_{name}.append({old})
def {name}():
    return [f() for f in LIST_{name}], {k}
---
if {k} % 2:
    from zoo.{home} import {old} as chosen_{name}
else:
    chosen_{name} = lambda: {k}
def {name}():
    return chosen_{name}()
---
def decorate_{name}(f):
    return lambda: (f(), {k})
from zoo.{home} import {old}
@decorate_{name}
def {name}():
    return {old}()
---
from zoo.{home} import {old}
class Patched_{name}:
    pass
for n_{name} in ('one', 'two'):
    setattr(Patched_{name}, n_{name}, staticmethod({old}))
def {name}():
    return Patched_{name}.two(), {k}
---
from zoo.{home} import {old}
class Hooked_{name}:
    known = []
    def __init_subclass__(cls):
        cls.known.append(cls)
class Part_{name}(Hooked_{name}):
    make = staticmethod({old})
def {name}():
    return [c.make() for c in Hooked_{name}.known], {k}
---
from zoo.{home} import {old}
def {name}():
    return globals()['{old}'](), {k}
---
import sys, zoo.{home}
def {name}():
    return sys.modules['zoo.{home}'].{old}(), {k}
---
from zoo.{home} import {old}
X_{name} = {k}
Y_{name} = (X_{name}, {old}())
X_{name} = 0
def {name}():
    return Y_{name}
---
from zoo import {home} as space_{name}
globals().update({{n: getattr(space_{name}, n) for n in ('{old}',)}})
def {name}():
    return {old}(), {k}
"""
WAYS = TEXT.split("---\n")


@st.composite
def repositories(draw):
    """Files of a package, and another version of them with one number changed."""
    modules = [f"m{i}" for i in range(draw(st.integers(2, 4)))]
    sources: dict[str, list[str]] = {m: [] for m in modules}
    sources["m0"].append("def d0():\n    return 1\n")
    made = [("m0", "d0")]
    numbers = []
    for i in range(1, draw(st.integers(2, 7))):
        place = draw(st.integers(0, len(modules) - 1))
        earlier = [d for d in made if modules.index(d[0]) < place]  # no circles of imports while they run
        if not earlier:
            continue
        home, old = draw(st.sampled_from(earlier))
        way = draw(st.sampled_from(WAYS))
        numbers.append(10 * i + draw(st.integers(0, 9)))
        sources[modules[place]].append(way.format(name=f"d{i}", k=numbers[-1], home=home, old=old))
        made.append((modules[place], f"d{i}"))
    root_module, root = draw(st.sampled_from(made))
    files = {f"zoo/{m}.py": "\n".join(text) for m, text in sources.items()}
    files["zoo/__init__.py"] = ""
    files["zoo/networks/__init__.py"] = f"from zoo.{root_module} import {root} as net\n__all__ = ['net']\n"
    old_number = str(draw(st.sampled_from(numbers))) if numbers else "1"
    changed = {p: t.replace(f" {old_number}", f" {int(old_number) + 1000}") for p, t in files.items()}
    return files, changed


@settings(max_examples=80)
@given(repositories())
def test_what_changes_the_result_changes_the_hash(versions):
    before, after = versions
    if result(before) != result(after):
        assert closure_hash(before) != closure_hash(after)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_reaches_what_it_calls(way):
    def files(value):
        return {
            "zoo/__init__.py": "",
            "zoo/a.py": f"def old():\n    return {value}\n",
            "zoo/b.py": way.format(name="net", k=5, home="a", old="old"),
            "zoo/networks/__init__.py": "from zoo.b import net\n__all__ = ['net']\n",
        }

    assert result(files(1)) != result(files(2))
    assert closure_hash(files(1)) != closure_hash(files(2))
    assert (
        closure_hash(files(1)) == closure_hash({**files(1), "zoo/c.py": "def other():\n    return 1\n"})
        or "{where}" in way
    )


def closure_hash(files):
    tree = _Tree(files)
    found = discover(tree, CATALOGUE)
    assert found.problems == ()
    return next(iter(compute_closures(tree, found.architectures, CATALOGUE).values())).hash


def result(files):
    """What the network of the files gives when it is run."""
    with _importable(files):
        net = importlib.import_module("zoo.networks").net
        return repr(net())


class _Tree:
    key = "memory"

    def __init__(self, files):
        self.files, self.unread = files, {}

    def paths(self):
        return self.files.keys()

    def read(self, path):
        return self.files[path].encode()

    def blob_id(self, path):
        return self.files[path]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, files):
        self._files = files

    def find_spec(self, name, path=None, target=None):
        for suffix, package in ((".py", False), ("/__init__.py", True)):
            if name.replace(".", "/") + suffix in self._files:
                spec = importlib.machinery.ModuleSpec(name, self, is_package=package)
                spec.loader_state = name.replace(".", "/") + suffix
                return spec
        return None

    def exec_module(self, module):
        path = module.__spec__.loader_state
        exec(compile(self._files[path], path, "exec"), module.__dict__)


@contextmanager
def _importable(files):
    finder = _Finder(files)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n == "zoo" or n.startswith("zoo.")]:
            del sys.modules[name]
