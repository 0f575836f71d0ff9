"""aegis.yaml: the name that the ids of a folder's textures begin with, wherever the folder lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from producer_tools.errors import InputError

FILE_NAME: Final = "aegis.yaml"
_NAME: Final = re.compile(r"[^\W_][\w.\- ]{0,99}")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder, and the name that its textures' ids begin with; ``source`` is :attr:`Root.source`."""

    root: Path
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Root:
    """What the ids of a path begin with, and ``source``: whose they are, so that two with equal ids can be told apart.

    That is the project, the game that the user named, or else the place in the file system.
    """

    label: str
    source: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str
    id: str = ""

    @field_validator("project")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        return checked_name(name)


def checked_name(name: str) -> str:
    """Return the name; raises ValueError for one that ids cannot begin with."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no project name: letters, digits, dots, dashes, spaces, no slash, 100 at most")
    return name


def init_project(root: Path, name: str) -> Path:
    """Write the file and return its path; raises InputError where there is one already, or the name cannot be."""
    path = root / FILE_NAME
    try:
        content = {"project": checked_name(name), "id": uuid4().hex[:8]}
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        with path.open("x", encoding="utf-8") as file:
            file.write(
                "# The ids of all textures below this folder begin with the project's name: keep both lines.\n" + text
            )
    except ValueError as error:
        raise InputError(f"{error}.") from error
    except FileExistsError as error:
        raise InputError(f"{path} is there already, and names {open_project(root).name!r}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
    return path


def open_project(root: Path) -> Project:
    """Return the folder's project, named after the folder where no file names one; raises InputError.

    A folder inside a project belongs to it: its name is the project's and the path below that.
    """
    if not root.is_dir():
        raise InputError(f"{root} is no folder: name one that holds textures.")
    found = root_of(root)
    return Project(root, found.label, found.source)


def root_of(path: Path, game: str | None = None) -> Root:
    """Return what ids of the textures in a file or folder begin with; raises InputError for a file that is no project.

    The nearest aegis.yaml counts, in the folder or above it, so that a texture has one id whichever folder of the
    project is named.
    """
    place = path.resolve()
    for folder in (place, *place.parents):
        file = folder / FILE_NAME
        if file.is_file():
            read = _read(file)
            return Root("/".join((read.project, *place.relative_to(folder).parts)), f"{read.project} {read.id}".strip())
    return Root(place.name or "root", game or str(place))


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no valid YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"{path}: {first['msg'].removeprefix('Value error, ')}: write `project: NAME`.") from error
