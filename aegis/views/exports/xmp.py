"""XMP sidecars, as digiKam, Lightroom, darktable and others read them: beside the PNGs of `aegis extract`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape, quoteattr

from consumer.storage.tables.search.walk import WalkedAsset
from producer_tools.extraction.names import OutputNames

_SIDECAR = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmp:CreatorTool="Aegis Tagger"
    dc:source={source}>
   <dc:subject>{keywords}</dc:subject>
   <lr:hierarchicalSubject>{hierarchy}</lr:hierarchicalSubject>
   <digiKam:TagsList>{paths}</digiKam:TagsList>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


class XmpWriter:
    """One `NAME.png.xmp` for each asset with a tag; NAME.png is what `aegis extract --output` calls its picture."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = OutputNames()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Each file is whole already."""

    def add(self, asset: WalkedAsset) -> None:
        place = self._folder / self._names.assign(asset.summary.asset_id)
        if not asset.summary.tags:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        sidecar = place.with_name(place.name + ".xmp")
        part = sidecar.with_name(sidecar.name + ".part")
        part.write_text(_sidecar(asset), encoding="utf-8")
        part.replace(sidecar)


def _sidecar(asset: WalkedAsset) -> str:
    tags = asset.summary.tags
    return _SIDECAR.format(
        source=quoteattr(_printable(asset.summary.asset_id)),
        keywords=_list("Bag", dict.fromkeys(tag.tag for tag in tags)),
        hierarchy=_list("Bag", (f"{tag.category}|{tag.tag}" for tag in tags)),
        paths=_list("Seq", (f"{tag.category}/{tag.tag}" for tag in tags)),
    )


def _list(kind: str, values: Iterable[str]) -> str:
    items = "".join(f"<rdf:li>{escape(_printable(value))}</rdf:li>" for value in values)
    return f"<rdf:{kind}>{items}</rdf:{kind}>"


def _printable(text: str) -> str:
    """Return text that XML can hold: it knows no control characters."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
