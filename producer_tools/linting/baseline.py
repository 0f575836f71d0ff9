"""The baseline of `aegis lint`: findings that were there when it was written, so that only new ones count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from producer_tools.errors import InputError
from producer_tools.linting.report import LintReport

Baseline = Mapping[str, frozenset[str]]
_VERSION: Final = 1


def read_baseline(path: Path) -> Baseline:
    """Return the ids of known findings by the place of their texture; raises InputError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            raise InputError(f"{path} is of version {document['version']}, and {_VERSION} is read.")
        return {str(place): frozenset(map(str, ids)) for place, ids in document["textures"].items()}
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): write it with --write-baseline.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no baseline: write it anew with --write-baseline.") from error


def baseline_text(report: LintReport) -> str:
    """Return all findings that are not suppressed, as a baseline: a line for each texture, in a fixed order."""
    textures: dict[str, set[str]] = {}
    for texture in report.textures:
        ids = {found.id for found in texture.findings if found.reason is None}
        # Sprites of one sheet may share their place.
        textures.setdefault(texture.place, set()).update(ids)
    lines = [
        f"    {json.dumps(place, ensure_ascii=False)}: {json.dumps(sorted(ids))}"
        for place, ids in sorted(textures.items())
        if ids
    ]
    body = "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"
    return f'{{\n  "version": {_VERSION},\n  "textures": {body}\n}}\n'
