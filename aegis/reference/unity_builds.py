"""The part of docs/formats.md that says how the files of a Unity build are opened."""

from __future__ import annotations

from typing import Final

from aegis.reference.markdown import table

_INTRODUCTION: Final = """\
## Unity builds

A folder, an archive, and all files named together are one build. What a file points at is looked for in its build by
name, whatever the case, also inside other bundles; of several files of one name the nearest is meant. Nothing else is
opened: no link, no path outside. For a file named alone its neighbours count too, by their own names.
"""
_ROWS: Final = (
    ("Game_Data, StreamingAssets, an unpacked package", "every file, known by its first bytes whatever it is called"),
    (
        "an archive, and the packages of Android and iOS",
        "as a folder; what is opened is unpacked for as long as it is used, under the limits of members",
    ),
    ("files cut into parts (.split0, .split1, …)", "joined, where none is missing"),
    ("UnityFS bundles, data.unity3d", "block by block, as their bytes are asked for"),
    (".resS and .resource", "the bytes that a texture names, and no more"),
    (
        "alpha in another file than its texture, a sprite in an atlas that it does not name",
        "the build is searched once for _AlphaTex, [alpha] and atlases; what lies behind its first GiB is named",
    ),
    (
        "WebGL: .data, .data.gz, .data.br, .unityweb, .datagz",
        "unpacked under AEGIS_EXTRACT_MAX_TOTAL_BYTES and AEGIS_EXTRACT_MAX_RATIO",
    ),
    ("bundles encrypted by Unity's Chinese edition", "with AEGIS_EXTRACT_UNITY_KEY or `--unity-key`"),
    ("files whose Unity version was taken out", "with AEGIS_EXTRACT_UNITY_VERSION or `--unity-version`"),
    (
        "Unity's own textures (unity default resources, unity_builtin_extra)",
        "counted and left out, unless `--engine-textures` asks for them",
    ),
)
_NOTE: Final = """\
Arrays and volumes since Unity 2019.1 have a number of GraphicsFormat, which stands for one of the formats below.
"""


def unity_builds() -> str:
    return "\n".join((_INTRODUCTION, table(("what", "how it is opened"), _ROWS), _NOTE))
