"""aegis.yaml: the name that the ids of a folder's textures begin with, wherever the folder lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from producer_tools.errors import InputError

FILE_NAME: Final = "aegis.yaml"
_NAME: Final = re.compile(r"[^\W_][\w.\- ]{0,99}")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder, and the name that its textures' ids begin with."""

    root: Path
    name: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str

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
        text = yaml.safe_dump({"project": checked_name(name)}, allow_unicode=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(f"# The ids of all textures below this folder begin with this name: keep it.\n{text}")
    except ValueError as error:
        raise InputError(f"{error}.") from error
    except FileExistsError as error:
        raise InputError(f"{path} is there already, and names {open_project(root).name!r}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}).") from error
    return path


def open_project(root: Path) -> Project:
    """Return the folder's project, named after the folder where it has no file; raises InputError."""
    if not root.is_dir():
        raise InputError(f"{root} is no folder: name one that holds textures.")
    path = root / FILE_NAME
    if not path.is_file():
        return Project(root, root.resolve().name or "root")
    try:
        return Project(root, _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).project)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no valid YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"{path}: {first['msg'].removeprefix('Value error, ')}: write `project: NAME`.") from error
