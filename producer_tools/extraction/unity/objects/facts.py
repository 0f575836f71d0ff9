"""What Unity knows of a texture beside its pixels."""

from __future__ import annotations

from typing import Any, Final

from consumer.imaging.facts import TextureFacts, mip_count
from producer_tools.extraction.unity.objects.formats import UnityFormat

# m_LightmapFormat, later called m_UsageMode.
_USAGES: Final = {
    **dict.fromkeys((1, 2, 8, 9), "lightmap"),
    **dict.fromkeys((3, 4, 10), "normal_map"),
    **dict.fromkeys((11, 12), "single_channel"),
}
_COLOR_SPACES: Final = {0: "linear", 1: "srgb"}
_WRAPS: Final = {0: "repeat", 1: "clamp", 2: "mirror", 3: "mirror_once"}


def facts_of(texture: Any, known: UnityFormat | None) -> TextureFacts:
    """Return what a parsed texture in this format says; what its version of Unity does not know is None."""
    usage = getattr(texture, "m_LightmapFormat", None) or getattr(texture, "m_UsageMode", None) or 0
    color_space = getattr(texture, "m_ColorSpace", None)
    return TextureFacts(
        format=known.name if known else None,
        usage=_USAGES.get(int(usage)),
        color_space=_COLOR_SPACES.get(color_space) if color_space is not None else None,
        mip_count=mip_count(int(getattr(texture, "m_MipCount", None) or 0)),
        wrap=_wrap(getattr(texture, "m_TextureSettings", None)),
    )


def _wrap(settings: Any) -> str | None:
    across = getattr(settings, "m_WrapU", None)
    mode = getattr(settings, "m_WrapMode", None) if across is None else across
    return None if mode is None else _WRAPS.get(int(mode))
