"""Labels of Unity's asset database: an editor script, and the table that it applies."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aegis.views.exports.writer import FileWriter
from consumer.storage.tables.search.walk import WalkedAsset

TABLE: Final = "AegisLabels.tsv"
SCRIPT: Final = "AegisLabels.cs"
_ROOT: Final = "assets"
_CODE: Final = """\
// Sets the tags of Aegis Tagger as labels of the assets in this project: menu Tools > Aegis > Apply labels.
// Put this file and AegisLabels.tsv into a folder named Editor. Labels that are there already stay.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using UnityEditor;
using UnityEngine;

public static class AegisLabels
{
    [MenuItem("Tools/Aegis/Apply labels")]
    public static void Apply()
    {
        // Game files often keep paths in lower case, so case does not count.
        var known = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in AssetDatabase.GetAllAssetPaths()) known[path] = path;
        int labelled = 0, missing = 0;
        AssetDatabase.StartAssetEditing();
        try
        {
            foreach (var line in File.ReadLines(Path.ChangeExtension(Here(), ".tsv")))
            {
                var cells = line.Split('\\t');
                if (!known.TryGetValue(cells[0], out var path)) { missing++; continue; }
                var asset = AssetDatabase.LoadMainAssetAtPath(path);
                if (asset == null) { missing++; continue; }
                AssetDatabase.SetLabels(asset, AssetDatabase.GetLabels(asset).Union(cells.Skip(1)).ToArray());
                labelled++;
            }
        }
        finally
        {
            AssetDatabase.StopAssetEditing();
        }
        Debug.Log($"Aegis: {labelled} assets labelled, {missing} are not in this project");
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
"""


class UnityLabelsWriter:
    """Writes both files into a folder; an asset whose path is not below `Assets` has no place in a project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._table = FileWriter(folder / TABLE)
        self.without_path = 0

    def __enter__(self) -> Self:
        self._table.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.__exit__(kind, error, trace)
        if kind is None:
            (self._folder / SCRIPT).write_text(_CODE, encoding="utf-8")

    def add(self, asset: WalkedAsset) -> None:
        path = project_path(asset)
        if path is None:
            self.without_path += 1
        elif asset.summary.tags:
            labels = dict.fromkeys(tag.tag for tag in asset.summary.tags)
            self._table.stream.write("\t".join(map(_cell, (path, *labels))) + "\n")


def project_path(asset: WalkedAsset) -> str | None:
    """Return the asset's path in a Unity project, `Assets/…`; None for one that tells of none."""
    for told in (asset.source.get("container_path"), asset.summary.asset_id):
        parts = (told or "").split("/")
        roots = [at for at, part in enumerate(parts[:-1]) if part.lower() == _ROOT]
        if roots:
            return "/".join(("Assets", *parts[roots[0] + 1 :]))
    return None


def _cell(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
