"""A filter's text to what it says, by the grammar below; every mistake is told with its column."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from mcore.checkpoints.errors import FilterError
from mcore.checkpoints.filters.nodes import And, Compare, Expr, Has, IsNull, Literal, Name, Not, OneOf, Or, Order, Query

#: Characters of a filter, and conditions in it: no database takes any number of them.
LENGTH = 10_000
CONDITIONS = 200

GRAMMAR = r"""
query: [any] ["order"i "by"i order ("," order)*] ["limit"i NUMBER]

?any: all ("or"i all)*
?all: one ("and"i one)*
?one: "not"i one                                     -> negated
    | "(" any ")"
    | name OPERATOR value                            -> compare
    | name "contains"i value                         -> contains
    | name "in"i "(" value ("," value)* ")"          -> one_of
    | name "not"i "in"i "(" value ("," value)* ")"   -> none_of
    | name "has"i value                              -> has
    | literal "in"i name                             -> member
    | literal "not"i "in"i name                      -> no_member
    | name "is"i "null"i                             -> is_null
    | name "is"i "not"i "null"i                      -> is_not_null

order: name [ASCENDING | DESCENDING]
name: NAME
value: literal | NAME                                -> value
literal: TEXT | NUMBER | TRUE | FALSE

OPERATOR: "=" | "==" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
TRUE.2: /true\b/i
FALSE.2: /false\b/i
ASCENDING.2: /asc\b/i
DESCENDING.2: /desc\b/i
NAME: /[A-Za-z_][A-Za-z0-9_]*(\.([A-Za-z0-9_][A-Za-z0-9_-]*|"([^"]|"")+"))?/
TEXT: /'([^']|'')*'/ | /"([^"]|"")*"/
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?(?![A-Za-z_\d])/
%ignore /[ \t\r\n]+/
"""

_SAID = {
    "NAME": "a name",
    "TEXT": "a text in quotes",
    "NUMBER": "a number",
    "TRUE": "true",
    "FALSE": "false",
    "OPERATOR": "= != < <= > >=",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "ASCENDING": "asc",
    "DESCENDING": "desc",
    "$END": "the end",
}


def parse(text: str) -> Query:
    """What a filter says; raises :class:`FilterError` with the column of a mistake."""
    if len(text) > LENGTH:
        raise FilterError(f"longer than {LENGTH} characters", text, LENGTH + 1)
    for i, character in enumerate(text):
        if not character.isprintable() and character not in " \t\r\n":
            raise FilterError(f"a character that cannot be printed ({ascii(character)[1:-1]})", text, i + 1)
    try:
        query = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    except _RefusedError as error:
        raise FilterError(error.what, text, error.column) from None
    assert isinstance(query, Query)
    _check_size(query, text)
    return query


class _RefusedError(ValueError):
    """A part makes no sense."""

    def __init__(self, what: str, token: Token) -> None:
        super().__init__(what)
        self.what, self.column = what, _column(token)


@v_args(inline=True)
class _Nodes(Transformer[Token, Query]):
    """Makes the nodes while the text is parsed, from the inside out; depth takes no stack."""

    def query(self, *items: Any) -> Query:
        where = next((i for i in items if isinstance(i, Expr)), None)
        limit = next((i for i in items if isinstance(i, Token)), None)
        return Query(where, tuple(i for i in items if isinstance(i, Order)), _count(limit))

    def any(self, *items: Expr) -> Expr:
        return Or(tuple(x for item in items for x in (item.items if isinstance(item, Or) else (item,))))

    def all(self, *items: Expr) -> Expr:
        return And(tuple(x for item in items for x in (item.items if isinstance(item, And) else (item,))))

    def negated(self, item: Expr) -> Expr:
        return Not(item)

    def compare(self, name: Name, operator: Token, value: Literal) -> Expr:
        return Compare(name, {"==": "=", "<>": "!="}.get(operator, str(operator)), value)

    def contains(self, name: Name, value: Literal) -> Expr:
        return Compare(name, "contains", value)

    def one_of(self, name: Name, *values: Literal) -> Expr:
        return OneOf(name, values)

    def none_of(self, name: Name, *values: Literal) -> Expr:
        return Not(OneOf(name, values))

    def has(self, name: Name, value: Literal) -> Expr:
        return Has(name, value)

    def member(self, value: Literal, name: Name) -> Expr:
        return Has(name, value)

    def no_member(self, value: Literal, name: Name) -> Expr:
        return Not(Has(name, value))

    def is_null(self, name: Name) -> Expr:
        return IsNull(name)

    def is_not_null(self, name: Name) -> Expr:
        return Not(IsNull(name))

    def order(self, name: Name, direction: Token | None) -> Order:
        return Order(name, direction is not None and direction.type == "DESCENDING")

    def name(self, token: Token) -> Name:
        first, dot, second = str(token).partition(".")
        if second.startswith('"'):
            second = second[1:-1].replace('""', '"')
        return Name(first, second if dot else None, _column(token))

    def value(self, item: Literal | Token) -> Literal:
        # A word without quotes is a text: task = segmentation.
        return Literal(str(item), _column(item)) if isinstance(item, Token) else item

    def literal(self, token: Token) -> Literal:
        if token.type == "TEXT":
            quote = token[0]
            return Literal(token[1:-1].replace(quote * 2, quote), _column(token))
        if token.type == "NUMBER":
            number = float(token)
            if not math.isfinite(number):
                raise _RefusedError(f"{token} is too large a number", token)
            return Literal(number, _column(token))
        return Literal(token.type == "TRUE", _column(token))


def _count(token: Token | None) -> int | None:
    if token is None:
        return None
    if not token.isdigit() or len(token) > 9:
        raise _RefusedError(f"limit {token} is no count", token)
    return int(token)


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", maybe_placeholders=True, transformer=_Nodes())


def _explained(error: UnexpectedInput, text: str) -> FilterError:
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        if text[at] in "'\"":
            return FilterError(f"a text that is not closed: its {text[at]} has no partner", text, at + 1)
        if text[at].isdigit() or text[at] in "+-.":
            return FilterError("neither a number nor a name: put a text in quotes", text, at + 1)
        return FilterError(f"{text[at]!r} does not belong here; expected {_listed(error.allowed)}", text, at + 1)
    assert isinstance(error, UnexpectedToken)
    expected = _listed(error.accepts or error.expected)
    if error.token.type == "$END":
        return FilterError(f"the filter ends too early; expected {expected}", text, len(text) + 1)
    return FilterError(f"{str(error.token)!r} does not belong here; expected {expected}", text, _column(error.token))


def _listed(names: Any) -> str:
    said = sorted(_SAID.get(name, name.lower()) for name in names or ())
    return ", ".join(dict.fromkeys(said)) if said else "something else"


def _check_size(query: Query, text: str) -> None:
    count, deepest = 0, [(query.where, 0)] if query.where is not None else []
    while deepest:
        item, depth = deepest.pop()
        count += 1
        if count > CONDITIONS or depth > CONDITIONS // 2:
            raise FilterError(f"more than {CONDITIONS} conditions, or too deep", text, 1)
        if isinstance(item, And | Or):
            deepest += [(inner, depth + 1) for inner in item.items]
        elif isinstance(item, Not):
            deepest.append((item.item, depth + 1))
        elif isinstance(item, OneOf):
            count += len(item.values)
