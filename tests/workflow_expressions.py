"""GitHub's expressions, evaluated: what stands between `${{` and `}}`.

After docs.github.com, "Evaluate expressions in workflows and actions", written down here so that
the conditions of our workflows can be tried without a runner. What is not needed is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>\|\||&&|[=!<>]=|[!<>()\[\],.*]))"
)
STATUS = ("always", "cancelled", "failure", "success")
Function = Callable[..., Any]


class ExpressionError(Exception):
    """GitHub would not take the workflow, or this file does not know how to."""


def interpolated(given: Any, contexts: Mapping[str, Any], **status: bool) -> Any:
    """`given` with its expressions evaluated; one that stands alone keeps its type."""
    if not isinstance(given, str):
        return given
    if alone := re.fullmatch(r"\s*\$\{\{((?:(?!\}\}).)*)\}\}\s*", given, re.DOTALL):
        return evaluated(alone[1], contexts, **status)
    return re.sub(
        r"\$\{\{(.*?)\}\}",
        lambda found: text_of(evaluated(found[1], contexts, **status)),
        given,
        flags=re.DOTALL,
    )


def condition(given: Any, contexts: Mapping[str, Any], **status: bool) -> bool:
    """An `if`: with `success()` before it, unless it asks for the status itself."""
    if given is None:
        return status["success"]
    expression = str(given).strip()
    if found := re.fullmatch(r"\$\{\{(.*)\}\}", expression, re.DOTALL):
        expression = found[1]
    if not re.search(rf"\b({'|'.join(STATUS)})\s*\(", expression):
        expression = f"success() && ({expression})"
    return truth(evaluated(expression, contexts, **status))


def evaluated(expression: str, contexts: Mapping[str, Any], **status: bool) -> Any:
    functions = FUNCTIONS | {name: _constant(value) for name, value in status.items()}
    functions["always"] = _constant(True)
    return _Parser(expression, contexts, functions).whole()


def _constant(value: bool) -> Function:
    return lambda: value


def truth(value: Any) -> bool:
    return value not in (None, False, 0, "")


def text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | dict):
        return "Array" if isinstance(value, list) else "Object"
    return str(value)


def _number(value: Any) -> float:
    if value is None or value == "":
        return 0.0
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def same(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    if isinstance(left, list | dict) and isinstance(right, list | dict):
        return left is right
    return _number(left) == _number(right)


def _format(pattern: str, *values: Any) -> str:
    return re.sub(r"\{(\d+)\}", lambda found: text_of(values[int(found[1])]), pattern)


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(same(each, what) for each in where)
    return text_of(what).lower() in text_of(where).lower()


FUNCTIONS: dict[str, Function] = {
    "contains": _contains,
    "format": _format,
    "fromJSON": lambda text: json.loads(text, parse_int=float),
    "join": lambda values, by=",": by.join(map(text_of, values)),
    "startsWith": lambda text, start: text_of(text).lower().startswith(text_of(start).lower()),
    "toJSON": lambda value: json.dumps(value, indent=2),
}


class _Parser:
    def __init__(
        self, text: str, contexts: Mapping[str, Any], functions: Mapping[str, Function]
    ) -> None:
        self._tokens = self._split(text)
        self._contexts = contexts
        self._functions = functions

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if found is None:
                raise ExpressionError(f"{text!r} at {at}")
            kind = found.lastgroup
            assert kind is not None
            tokens.append((kind, found[kind]))
            at = found.end()
        return [*tokens, ("end", "")]

    def whole(self) -> Any:
        value = self._either()
        if self._tokens[0][0] != "end":
            raise ExpressionError(f"more than one expression: {self._tokens}")
        return value

    def _take(self, *signs: str) -> str:
        kind, text = self._tokens[0]
        if kind == "sign" and text in signs:
            self._tokens.pop(0)
            return text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"{sign} is missing before {self._tokens}")

    def _either(self) -> Any:
        value = self._both()
        while self._take("||"):
            other = self._both()
            value = value if truth(value) else other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = other if truth(value) else value
        return value

    def _compared(self) -> Any:
        value = self._single()
        while sign := self._take("==", "!=", "<", "<=", ">", ">="):
            other = self._single()
            low, high = _number(value), _number(other)
            value = {
                "==": same(value, other),
                "!=": not same(value, other),
                "<": low < high,
                "<=": low <= high,
                ">": low > high,
                ">=": low >= high,
            }[sign]
        return value

    def _single(self) -> Any:
        if self._take("!"):
            return not truth(self._single())
        if self._take("("):
            value = self._either()
            self._expect(")")
        else:
            value = self._first()
        while sign := self._take(".", "["):
            if sign == ".":
                value = self._all(value) if self._take("*") else self._property(value)
            else:
                value = _item(value, self._either())
                self._expect("]")
        return value

    def _property(self, value: Any) -> Any:
        kind, name = self._tokens.pop(0)
        if kind != "name":
            raise ExpressionError(f"no property: {name}")
        if isinstance(value, list):  # behind a `*`
            return [_item(each, name) for each in value]
        return _item(value, name)

    @staticmethod
    def _all(value: Any) -> list[Any]:
        return list(value.values()) if isinstance(value, dict) else list(value)

    def _first(self) -> Any:
        kind, text = self._tokens.pop(0)
        if kind == "number":
            return float(text)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind != "name":
            raise ExpressionError(f"no value: {text!r}")
        if self._take("("):
            return self._called(text)
        if text in ("true", "false", "null"):
            return json.loads(text)
        if text not in self._contexts:
            raise ExpressionError(f"Unrecognized named-value: {text}")
        return self._contexts[text]

    def _called(self, name: str) -> Any:
        arguments: list[Any] = []
        while not self._take(")"):
            arguments.append(self._either())
            self._take(",")
        if name not in self._functions:
            raise ExpressionError(f"Unrecognized function: {name}")
        return self._functions[name](*arguments)


def _item(value: Any, key: Any) -> Any:
    """What is not there is null, at any depth."""
    if isinstance(value, Mapping):
        return next((value[name] for name in value if same(name, key)), None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        at = _number(key)
        return value[int(at)] if 0 <= at < len(value) else None
    return None
