"""What our pages of HTML share: one file each that needs nothing beside it, readable by day and by night."""

from __future__ import annotations

import base64
import io
import math
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

_THUMBNAIL_PIXELS: Final = 112


def environment(package: str) -> Environment:
    """Return where a package's templates are; every text in them is escaped, and every name must be known."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_ENVIRONMENT: Final = environment("export.reports")


def page(template: str, title: str, **context: Any) -> str:
    """Return a whole document of one of the templates; every text in it is escaped."""
    return _ENVIRONMENT.get_template(template).render(title=title, **context)


def part(template: str, **context: Any) -> Markup:
    """Return a piece of HTML that a document takes as it is."""
    return Markup(_ENVIRONMENT.get_template(template).render(context))  # noqa: S704 - every text in it is escaped


def thumbnail(picture: Image.Image) -> str:
    """Return a small picture as an address that holds it."""
    small = picture.convert("RGBA")
    if max(small.size) * 2 <= _THUMBNAIL_PIXELS:
        small = small.resize((small.width * 2, small.height * 2), Image.Resampling.NEAREST)
    small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    return address_of(small)


def address_of(small: Image.Image) -> str:
    """Return an address that holds the picture itself."""
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def number(value: float) -> str:
    """Return a figure as a cell shows it; a dash for one that does not exist (nan)."""
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.3f}"
