"""Calls through which code reaches what it does not write as a name: ``getattr``, ``import_module``, ``globals`` and the like.

A literal argument makes an ordinary reference. Another is noted, so that it becomes a wildcard and not silence.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from farm.source.facts import DynamicImport, Reference
from farm.source.modules import NAMES, Import, is_own_namespace, unwind
from farm.source.notes import Notes
from farm.source.scopes import Kind, Scope

_IMPORTERS = {"importlib.import_module", "importlib.__import__", "builtins.__import__", "runpy.run_module"}
_BY_PATH = {"runpy.run_path", "importlib.util.spec_from_file_location", "importlib.machinery.SourceFileLoader"}
_RUNNERS = {"builtins.exec", "builtins.eval"}
_READERS = {"builtins.getattr", "builtins.hasattr"}
_WRITERS = {"builtins.setattr", "builtins.delattr"}
_SPACES = {"builtins.globals", "builtins.locals", "builtins.vars"}
_LISTINGS = {"builtins.vars", "builtins.dir", "inspect.getmembers"}
_PATHS = {"os.path.join", "posixpath.join"}
_LISTINGS_OF_FILES = {"os.listdir", "os.scandir", "os.walk"}
_METHODS_THAT_LIST = {"iterdir", "glob", "rglob", "walk"}


class CallReader:
    """Reads the calls of a definition into its notes."""

    def __init__(self, notes: Notes) -> None:
        self._notes, self._facts = notes, notes.facts
        self._attributes: dict[int, tuple[str, ...]] = {}  # taken of the object that a call gives
        self._same_name: set[int] = set()  # getattr calls whose result is bound to the name that was asked for
        self._called: set[int] = set()
        bindings, filling = notes.module.bindings, notes.module.bindings.get(NAMES, [])
        statements = {id(b.statement) for b in filling}
        self._fills_namespace = all(id(b.statement) in statements for b in bindings[notes.owner])

    def call(self, node: ast.Call, scope: Scope) -> None:
        """Any call."""
        self._called.add(id(node.func))
        match node:
            case ast.Call(func=ast.Attribute(value=space, attr="update"), args=[ast.Call() as names]) if (
                is_own_namespace(space)
            ):
                self._same_name.add(id(names))  # globals().update(vars(module)) keeps names as they are
        name = self._dotted(node.func, scope)
        if name in _IMPORTERS:
            self._import(node, scope, node.args[0] if node.args else None)
        elif name in _BY_PATH:
            self._by_path(node, scope)
        elif name in _RUNNERS:
            self._facts.own_names.append(node.lineno)
        elif name in _READERS and len(node.args) >= 2:
            self._read(node, scope, name)
        elif name in _WRITERS and node.args:
            if (reference := self._notes.chain(node.args[0], scope)) is not None:
                self._notes.effects(scope).stores.add(reference)
        elif name in _SPACES and not node.args:
            self._own_namespace(node, scope)
        elif name in _LISTINGS and id(node) not in self._same_name:
            self._facts.opaque.append(node.lineno)
        elif name in _LISTINGS_OF_FILES and node.args:
            self._facts.folders.append((node.args[0], scope, node.lineno))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS_THAT_LIST:
            self._facts.folders.append((node.func.value, scope, node.lineno))
        elif name in _PATHS or (isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath"):
            self._notes.path(node, scope)

    def attribute(self, node: ast.Attribute, scope: Scope) -> ast.expr:
        """What a chain of attributes starts at; notes the attributes that are taken of a call's result."""
        root, taken = unwind(node)
        if "__dict__" in taken:
            self._facts.opaque.append(node.lineno)
        if isinstance(root, ast.Call | ast.Subscript):
            self._attributes.setdefault(id(root), taken)
        elif id(node) not in self._called and self._dotted(node, scope) in _IMPORTERS:
            self._facts.imports.append(DynamicImport(None, None, scope, (), node.lineno, ast.unparse(node)))
        return root

    def name(self, node: ast.Name, scope: Scope) -> None:
        """A plain name that is read: an importer that is handed on may import anything."""
        if id(node) not in self._called and self._dotted(node, scope) in _IMPORTERS:
            self._facts.imports.append(DynamicImport(None, None, scope, (), node.lineno, node.id))

    def subscript(self, node: ast.Subscript, scope: Scope) -> None:
        """``globals()["name"]`` and ``sys.modules["name"]``."""
        if isinstance(node.value, ast.Call) and self._dotted(node.value.func, scope) in _SPACES and not node.value.args:
            self._notes.consumed.add(id(node.value))
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                self._notes.note(Reference(node.slice.value), node.lineno)
            else:
                self._facts.own_names.append(node.lineno)
        elif self._dotted(node.value, scope) == "sys.modules" and not self._fills_namespace:
            self._import(node, scope, node.slice)

    def comprehension(self, node: ast.expr) -> None:
        """``{name: getattr(module, name) for name in names}`` keeps names as they are."""
        match node:
            case ast.DictComp(key=ast.Name(id=key), value=ast.Call(args=[_, ast.Name(id=name), *_]) as call):
                if key == name:
                    self._same_name.add(id(call))

    def assignment(self, node: ast.Assign) -> None:
        """``globals()[name] = getattr(module, name)`` keeps names as they are."""
        match node:
            case ast.Assign(
                targets=[ast.Subscript(value=space, slice=ast.Name(id=key))],
                value=ast.Call(args=[_, ast.Name(id=name), *_]) as call,
            ) if key == name and is_own_namespace(space):
                self._same_name.add(id(call))

    def _read(self, node: ast.Call, scope: Scope, name: str) -> None:
        of, asked = node.args[0], node.args[1]
        if isinstance(asked, ast.Constant) and isinstance(asked.value, str):
            if isinstance(of, ast.Call):
                self._attributes.setdefault(id(of), (asked.value,))
            elif (reference := self._notes.chain(of, scope)) is not None:
                root, attributes = reference
                self._notes.note(Reference(root, (*attributes, asked.value)), node.lineno)
                self._notes.consume(of)
        elif name == "builtins.getattr" and not self._keeps_name(node, asked, scope) and not _is_itself(of):
            self._facts.opaque.append(node.lineno)

    def _keeps_name(self, node: ast.Call, asked: ast.expr, scope: Scope) -> bool:
        if id(node) in self._same_name:
            return True
        if self._notes.owner != "__getattr__" or not isinstance(asked, ast.Name):
            return False
        home = scope.home(asked.id)
        # Bound once, as the parameter: its value is not known, and no other is.
        return home is not None and asked_for(home.node) == asked.id

    def _import(self, node: ast.Call | ast.Subscript, scope: Scope, name: ast.expr | None) -> None:
        package = None
        if isinstance(node, ast.Call):
            given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "package")]
            package = given[0] if given else None
        taken = self._attributes.get(id(node), ())
        text = " ".join(ast.unparse(node).split())
        self._facts.imports.append(DynamicImport(name, package, scope, taken, node.lineno, text))

    def _by_path(self, node: ast.Call, scope: Scope) -> None:
        path = node.args[-1] if node.args else None
        if not isinstance(path, ast.Constant):  # a literal one is found as a file that is named
            self._facts.imports.append(DynamicImport(None, None, scope, (), node.lineno, ast.unparse(node)))

    def _own_namespace(self, node: ast.Call, scope: Scope) -> None:
        if id(node) in self._notes.consumed or self._fills_namespace:
            return
        if scope.kind is not Kind.FUNCTION or (isinstance(node.func, ast.Name) and node.func.id == "globals"):
            self._facts.own_names.append(node.lineno)

    def _dotted(self, node: ast.expr, scope: Scope) -> str:
        """Full name of what an expression names outside the tree, or of a builtin; empty for anything else."""
        root, attributes = unwind(node)
        if not isinstance(root, ast.Name):
            return ""
        home = scope.home(root.id)
        imported: Import | None
        if home is not None:
            imported = home.imports.get(root.id)
        elif bindings := self._notes.module.bindings.get(root.id):
            imported = bindings[0].imported
        else:
            return ".".join(("builtins", root.id, *attributes))
        return ".".join([*filter(None, imported), *attributes]) if imported else ""


def _is_itself(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@lru_cache(maxsize=1024)
def asked_for(node: ast.AST | None) -> str:
    """The parameter of a module's ``__getattr__``, where the function never binds it again; else nothing."""
    if not isinstance(node, ast.FunctionDef) or node.name != "__getattr__" or len(node.args.args) != 1:
        return ""
    name = node.args.args[0].arg
    stores = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return "" if any(n.id == name for n in stores) else name
