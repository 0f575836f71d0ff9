"""What our pages of HTML share: one file each that needs nothing beside it, readable by day and by night."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from typing import Final

from PIL import Image

_THUMBNAIL_PIXELS: Final = 112
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2125; --dim: #667; --line: #d5d9de;
  --paper: #fff; --said: #2b6cb0; --bad: #c0392b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --dim: #9aa3ad; --line: #3a4148; --paper: #16191c;
  --said: #63a4e8; --bad: #ef8276 } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 70rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem }
table { border-collapse: collapse; margin: 1rem 0 } .wide { overflow-x: auto }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left } th { color: var(--dim); font-weight: 500 }
.figures { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start }
figure { margin: 0 } figcaption { color: var(--dim); max-width: 22rem }
svg text { fill: var(--ink); font: 11px system-ui, sans-serif }
.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem }
.sheet img { max-width: 100%; image-rendering: auto; background: #808080 } .sheet p { margin: .2rem 0; font-size: .8rem;
  overflow-wrap: anywhere } .bad { color: var(--bad) } .good { color: var(--said) } .dim { color: var(--dim) }
"""


def page(title: str, body: str) -> str:
    """Return a whole document; ``body`` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n{body}</html>\n"
    )


def thumbnail(picture: Image.Image) -> str:
    """Return a small picture as an address that holds it."""
    small = picture.convert("RGBA")
    if max(small.size) * 2 <= _THUMBNAIL_PIXELS:
        small = small.resize((small.width * 2, small.height * 2), Image.Resampling.NEAREST)
    small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; its cells are texts."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
