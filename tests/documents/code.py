"""What source files say about others, and the words that their code knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize

_WORD = re.compile(r"[A-Za-z_]\w*")
_SPAN = re.compile(r"``([^`\n]+)``|(?<![`:])`([^`\n]+)`(?!`)")
_ROLE = re.compile(r":(?:func|class|meth|mod|data|attr):`~?([^`]+)`")


def remarks(source: str) -> str:
    """Return the docstrings and comments of a Python file."""
    comments = (
        token.string.lstrip("#:! ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    )
    return "\n".join((*_docstrings(source).values(), *comments))


def spans(remark: str) -> list[str]:
    """Return the code spans and the references of docstrings and comments."""
    return [*(first or second for first, second in _SPAN.findall(remark)), *_ROLE.findall(remark)]


def words(source: str) -> set[str]:
    """Return the names and the words in strings of a Python file, but for its docstrings and comments."""
    documented = _docstrings(source)
    found: set[str] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            found.add(token.string)
        elif token.type in _STRINGS and token.start[0] not in documented:
            found.update(_WORD.findall(token.string))
    return found


_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def _docstrings(source: str) -> dict[int, str]:
    """Return the docstrings by the line on which they begin; strings that stand alone count as one."""
    return {
        node.lineno: node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
