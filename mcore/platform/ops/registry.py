"""The one registry of ops: name, inputs, attributes, shape rule and NumPy kernel of each.

The eager backend, the runtime, the validator, the converter and the docs page of the op set are all made from it. An op is
declared once, by a decorator on its kernel, with its shape rule beside it::

    def _infer(x, weight, bias, *, stride, padding, dilation, groups): ...   # TensorType in, tuple of TensorType out

    @op("conv2d", inputs=("x", "weight", "bias?"), infer=_infer, attributes=(
        Attribute("stride", "pair", 1), Attribute("padding", "pair", 0),
        Attribute("dilation", "pair", 1), Attribute("groups", "int", 1)))
    def conv2d(x, weight, bias=None, *, stride, padding, dilation, groups): ...   # ndarray in, ndarray (or tuple of them) out

Names, argument order and semantics are torch's (``torch.nn.functional`` and ``torch.Tensor``): the kernels are the definition
of each op on the Platform, plain and readable; the planned runtime's quick ones are tested against them.

**Calling order** is inputs, then attributes (``Op.parameters``); where torch mixes them (``layer_norm``), ``order`` says so.

**Tensor or number.** Where an optional input and an attribute have one name (``other`` of ``add``), exactly one of them is
given: a tensor is the input, a Python number or a size is the attribute. Numbers promote as in torch: they change the result's
kind (bool, integer, floating), never its width, so float32 + 2 is float32 and int64 + 1.5 is float32. A number on the left of
an operator that does not commute has an op of its own: ``rsub``, ``rdiv`` and ``rpow`` compute ``other - x`` and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcore.platform.bfloat16 import is_bfloat16, narrow, widen
from mcore.platform.dims import Expr
from mcore.platform.dtypes import DType
from mcore.platform.errors import GraphError, ShapeError
from mcore.platform.graph import TensorType

#: Ops whose results are views of their input, as in torch. Kernels may give one elsewhere too.
VIEWS = frozenset(
    {"chunk", "diagonal", "expand", "flatten", "permute", "reshape", "select", "slice", "split", "squeeze", "transpose"}
    | {"tensor_unfold", "unbind", "unsqueeze"}
)

REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "REQUIRED"})()


#: Ends of the kinds that are tuples of a certain length.
_COUNTED = ("single", "pair", "triple")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an op.

    ``kind`` is one of the following, each with ``?`` at the end when ``None`` is a value too; for a tuple of a certain length
    an empty one stands for ``None`` then, as in torch:

    - ``int``, ``float`` (an int is taken too), ``bool``, ``str``, ``dtype`` (a :class:`DType`);
    - ``number``: int, float or bool, kept as it is; ``scalar``: a number or an Expr;
    - ``size``: int or Expr;
    - ``ints``, ``sizes``, ``floats``: tuples of any length; one int, size or float is taken as a tuple of one;
    - ``single``, ``pair``, ``triple``, ``size_single``, ``size_pair``, ``size_triple``: tuples of one to three ints or sizes;
      one value is repeated.
    """

    name: str
    kind: str
    default: Any = REQUIRED

    def normalise(self, value: Any) -> Any:
        """``value`` in its canonical form; raises ``ValueError`` where it is not of this kind."""
        kind = self.kind
        if kind.endswith("?"):
            kind = kind[:-1]
            if value is None or (kind.endswith(_COUNTED) and isinstance(value, tuple | list) and not value):
                return None
        try:
            return _NORMALISE[kind](value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"attribute {self.name!r} must be {self.kind}, got {value!r}") from None


@dataclass(frozen=True, slots=True)
class Op:
    """An op of the Platform.

    ``inputs`` are names; ``x?`` may be absent; a single ``*tensors`` stands for one or more. ``infer`` takes the input types
    in order and the normalised attributes by name and returns the output types. ``kernel`` takes arrays in the same order.
    ``parameters`` are the names in the order of a call: each input (without its mark) and attribute, once.
    """

    name: str
    inputs: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    infer: Callable[..., tuple[TensorType, ...]]
    kernel: Callable[..., Any]
    family: str
    doc: str
    parameters: tuple[str, ...]

    @property
    def variadic(self) -> bool:
        """Whether it takes any number of inputs."""
        return bool(self.inputs) and self.inputs[0].startswith("*")

    def normalise(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """All attributes in canonical form, defaults filled in; raises :class:`GraphError`, naming the op and the attribute."""
        if unknown := attributes.keys() - {a.name for a in self.attributes}:
            raise GraphError(f"op {self.name!r} has no attribute {sorted(unknown)[0]!r}")
        values = {}
        for attribute in self.attributes:
            value = attributes.get(attribute.name, attribute.default)
            if value is REQUIRED:
                raise GraphError(f"op {self.name!r} needs attribute {attribute.name!r}")
            try:
                values[attribute.name] = attribute.normalise(value)
            except ValueError as error:
                raise GraphError(f"op {self.name!r}: {error}") from None
        return values

    def check_inputs(self, inputs: Sequence[Any]) -> None:
        """Raise :class:`GraphError` unless ``inputs`` (``None`` for absent) fit the declaration in number and presence."""
        if self.variadic:
            if not inputs or any(i is None for i in inputs):
                raise GraphError(f"op {self.name!r} takes one or more inputs, none of them absent")
            return
        if len(inputs) > len(self.inputs):
            raise GraphError(f"op {self.name!r} takes {len(self.inputs)} inputs, got {len(inputs)}")
        for position, declared in enumerate(self.inputs):
            if not declared.endswith("?") and (position >= len(inputs) or inputs[position] is None):
                raise GraphError(f"op {self.name!r} needs input {declared!r}")

    def types(self, inputs: Sequence[TensorType | None], attributes: Mapping[str, Any]) -> tuple[TensorType, ...]:
        """Output types for input types; raises :class:`GraphError` (or its ``ShapeError``) where they do not fit."""
        self.check_inputs(inputs)
        try:
            return self.infer(*self._padded(inputs), **self.normalise(attributes))
        except (ShapeError, ValueError, ArithmeticError) as error:  # the latter from sizes beyond all bounds
            raise ShapeError(f"op {self.name!r}: {error}") from None

    def compute(self, inputs: Sequence[np.ndarray | None], attributes: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
        """Run the plain NumPy kernel; attributes must be concrete. Always returns a tuple of arrays.

        Overflow, division by zero and the like give ``inf`` and ``nan``, never a warning. Results may be views of inputs.

        Raises:
            GraphError: the inputs do not fit the op, by its own shape rule.
        """
        inputs = [None if i is None else np.asarray(i) for i in inputs]
        types = self.types([None if i is None else _type_of(self.name, i) for i in inputs], attributes)
        with np.errstate(all="ignore"):
            return self.calculate(self._padded(inputs), self.normalise(attributes), [t.dtype for t in types])

    def calculate(
        self, arrays: Sequence[np.ndarray | None], attributes: Mapping[str, Any], dtypes: Sequence[DType]
    ) -> tuple[np.ndarray, ...]:
        """What the kernel makes of all its inputs and attributes, unchecked; ``dtypes`` are those of the results.

        A kernel knows no bfloat16: it computes in float32, and what it makes is rounded. One that only gives a view of its
        input is given the stored values, so that the result shares their memory.
        """
        moves = self.name in VIEWS
        if not moves:
            arrays = [widen(a) if a is not None and is_bfloat16(a) else a for a in arrays]
            attributes = {k: DType.FLOAT32 if v is DType.BFLOAT16 else v for k, v in attributes.items()}
        made = self.kernel(*arrays, **attributes)
        results = tuple(np.asarray(r) for r in (made if isinstance(made, tuple) else (made,)))
        if moves or DType.BFLOAT16 not in dtypes:
            return results
        return tuple(narrow(r) if d is DType.BFLOAT16 else r for r, d in zip(results, dtypes, strict=True))

    def _padded(self, inputs: Sequence[Any]) -> list[Any]:
        missing = 0 if self.variadic else len(self.inputs) - len(inputs)
        return [*inputs, *[None] * missing]


_OPS: dict[str, Op] = {}


def op(
    name: str,
    *,
    inputs: Sequence[str],
    infer: Callable[..., tuple[TensorType, ...]],
    attributes: Sequence[Attribute] = (),
    order: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated kernel as op ``name``; its family is the name of the file that it stands in.

    ``order`` is the calling order, where it is not inputs and then attributes.
    """
    own = dict.fromkeys([*(i.strip("*?") for i in inputs), *(a.name for a in attributes)])
    if order and set(order) != set(own):
        raise ValueError(f"op {name!r}: the order must name {', '.join(own)}")

    def register(kernel: Callable[..., Any]) -> Callable[..., Any]:
        if name in _OPS:
            raise ValueError(f"op {name!r} is declared twice")
        family = kernel.__module__.rsplit(".", 1)[-1]
        doc = (kernel.__doc__ or "").strip()
        _OPS[name] = Op(name, tuple(inputs), tuple(attributes), infer, kernel, family, doc, tuple(order or own))
        return kernel

    return register


def get(name: str) -> Op:
    """The op of that name; raises :class:`GraphError` for an unknown one."""
    try:
        return _OPS[name]
    except KeyError:
        raise GraphError(f"unknown op {name!r}") from None


def names() -> tuple[str, ...]:
    """Names of all ops, sorted."""
    return tuple(sorted(_OPS))


def ops() -> Iterator[Op]:
    """All ops, by name."""
    return (_OPS[name] for name in names())


def _type_of(name: str, array: np.ndarray) -> TensorType:
    try:
        return TensorType(DType.of(array), array.shape)
    except ValueError:
        raise GraphError(f"op {name!r}: the Platform has no element type {array.dtype.name}") from None


def _int(value: Any) -> int:
    if isinstance(value, bool) or int(value) != value:
        raise ValueError
    return int(value)


def _size(value: Any) -> int | Expr:
    return value if isinstance(value, Expr) else _int(value)


def _float(value: Any) -> float:
    if isinstance(value, bool | str):
        raise ValueError
    return float(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ValueError
    return bool(value)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: Any) -> int | float | bool:
    if isinstance(value, np.number | np.bool_):
        value = value.item()
    if isinstance(value, bool | int | float):
        return value
    raise ValueError


def _scalar(value: Any) -> int | float | bool | Expr:
    return value if isinstance(value, Expr) else _number(value)


def _several(element: Callable[[Any], Any], count: int | None = None) -> Callable[[Any], tuple[Any, ...]]:
    """Normaliser of a tuple of ``count`` elements, or of any number of them."""

    def normalise(value: Any) -> tuple[Any, ...]:
        items = tuple(value) if isinstance(value, tuple | list) else (value,)
        if count is not None and len(items) == 1:
            items *= count
        if count is not None and len(items) != count:
            raise ValueError
        return tuple(element(i) for i in items)

    return normalise


_NORMALISE: dict[str, Callable[[Any], Any]] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "str": _str,
    "dtype": DType,
    "number": _number,
    "scalar": _scalar,
    "size": _size,
    "ints": _several(_int),
    "single": _several(_int, 1),
    "pair": _several(_int, 2),
    "triple": _several(_int, 3),
    "size_single": _several(_size, 1),
    "size_pair": _several(_size, 2),
    "size_triple": _several(_size, 3),
    "floats": _several(_float),
    "sizes": _several(_size),
}

#: The attribute kinds of the Platform, without their optional forms.
KINDS = tuple(_NORMALISE)
