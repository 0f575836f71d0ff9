"""docs/findings.md: what `aegis lint` finds and how to use it, taken from the checks themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aegis.reference.markdown import NOTE, code, table
from consumer.findings.check import Check
from consumer.findings.registry import CHECKS, GROUPS

_INTRODUCTION: Final = """\
# What is wrong with a texture

`aegis lint` looks over every texture of folders, archives and game files ([formats.md](formats.md)) without any
service: its pixels, what its file says of them, and its name. It prints a table, or one JSON object with `--json`.

```sh
aegis lint samples
aegis lint samples --fail-on warning --sarif lint.sarif --junit lint.xml
```

The exit code is 1 where a finding is as bad as `--fail-on` or worse, 2 where a file that was named cannot be read. A
severity is `error`, `warning`, `note`, or `info` for facts that are no faults (the convention of a normal map, whether
a texture tiles); the table shows notes and worse, `--show info` all. The last line counts the normal maps by
convention.

## A project's own rules

This writes `aegis-lint.yaml` with the severity and limit of every finding:

```sh
aegis lint --init
```

`aegis lint` reads it in the folder where it runs. What is meant so is suppressed by path, each time with a reason:

```yaml
severities:
  normal-directx: error    # our engine expects OpenGL
  few-colours: off
limits:
  over-budget: 2048
suppressions:
  - paths: ["*/ui/*"]
    findings: [halo]
    reason: drawn with point filtering
```

For a project with many old findings, a baseline keeps them as known, so that only new ones count:

```sh
aegis lint samples --write-baseline lint-baseline.json
aegis lint samples --baseline lint-baseline.json --fail-on note
```

## Before each commit, and in CI

With [pre-commit](https://pre-commit.com), whose hook this repository defines, in `.pre-commit-config.yaml`; `aegis`
must be installed where it runs:

```yaml
repos:
  - repo: https://example.com/your-copy/aegis-tagger
    rev: main
    hooks:
      - id: aegis-lint
```

In GitHub Actions, with the findings shown beside the changed files:

```yaml
jobs:
  textures:
    runs-on: ubuntu-latest
    permissions:
      security-events: write
    steps:
      - uses: actions/checkout@v4
      - run: pip install './aegis-tagger[extract]'
      - run: aegis lint Assets --baseline lint-baseline.json --fail-on warning --sarif lint.sarif
      - uses: github/codeql-action/upload-sarif@v3
        if: always()
        with:
          sarif_file: lint.sarif
```

Other systems read `--junit lint.xml`: each texture is a test case.

## In the events, the tables and on the page

The tagger looks every image over while it decodes it, and publishes `findings` with its tags
([events.md](events.md)). The page has them as facets, sorts by the most findings and explains those of each texture;
`aegis search` and `GET /api/v1/search?finding=…` filter by them, and `aegis_findings_total` counts them by name:

```sh
aegis search --finding halo --limit 5
```

In SQL, the view `asset_findings` has a row for each finding of each asset:

```sql
SELECT name, severity, count(*) FROM aegis.asset_findings GROUP BY name, severity ORDER BY count DESC;
SELECT asset_id, value FROM aegis.asset_findings WHERE name = 'over-budget' ORDER BY value DESC LIMIT 20;
SELECT asset_id, faults FROM aegis.assets WHERE finding_names @> '{normal-directx}' AND faults > 0;
```

The last form uses an index; `faults` counts the findings of severity note or worse. `AEGIS_FINDINGS_PROJECT` names a
project file, whose severities, limits and suppressions then hold for the events; its paths are compared with asset ids.
`AEGIS_FINDINGS_ENABLED=false` switches all of it off. Of a large JPEG, which the tagger decodes made smaller, findings
that need full detail (normal maps, tiling, detail, traces of compression) are left to `aegis lint`. Textures that were
tagged before have findings once `aegis replay` has tagged them again; `aegis retag` keeps those that an event has.

## The same texture again

`aegis duplicates` lists textures of the library that are there twice, and what one is of the other. `--html` writes a
page that shows them side by side, with all pictures in the one file:

```sh
aegis duplicates --limit 20
aegis duplicates --html duplicates.html
```

| the first is … of the other | when |
| --- | --- |
| `identical` | the contents are equal, or the pixels of two files |
| `recompressed` | size and picture are the same, pixels differ as after JPEG or BC1 |
| `mip-of` | the same picture at exactly a half, a quarter, … of the size, as a level of its mip chain is |
| `resized` | the same picture at another size |
| `cropped` | it is a part of the other, pixel for pixel |
| `padded` | the other lies in it, and around that is nothing visible, one colour, or the edge drawn out |
| `alpha-differs` | the colours are the same, the alpha channel is another |
| `flipped`, `rotated` | it is the other in a mirror, or lies on another side |
| `recoloured` | the same shapes have other colours |

All but equal contents are sought among textures whose embeddings or perceptual hashes are alike, and confirmed on their
pixels. A part that was scaled too is not told, nor one so small that it shows little of the whole, nor pictures of
nearly one colour. `--json` prints a pair a line. `make lint-bench` measures how much of this is right, on variants of
real textures.

The comparer says the same of each texture as it arrives, as an event on `asset-related`
([events.md](events.md#asset-related-which-stored-textures-it-is-again)), and `aegis tail` shows it. It compares what
the sink has stored, and takes its work from `asset-tagged`; a first run compares the whole library:

```sh
aegis run comparer &
```

What it finds stays in the tables: a texture's page lists the same again in other assets, `related` of
`GET /api/v1/assets/{asset_id}/tags` says what one is of the other, and a search can ask for it, as the gallery can:
`/?relation=recompressed`, with a facet for each relation. A pair that a person rejected is in none of them, and equal
contents are in all of them without a comparer:

```sh
aegis search --relation recompressed --limit 5
```

```sql
SELECT other_asset_id, relation, said_of FROM aegis.asset_relations WHERE asset_id = 'mygame/textures/sword.png';
SELECT relation, count(*) / 2 AS pairs FROM aegis.asset_relations GROUP BY relation ORDER BY pairs DESC;
```

`aegis_relations_total` counts what the events tell, by relation.

What a person says of a pair is remembered, like a word on a tag: after `aegis duplicates --reject ASSET OTHER` the two
are no duplicates and are not listed again, and `--withdraw` takes that back. Both need what `aegis verdict` needs. The
word is an `asset-reviewed` event of one of them in the category `duplicate_of`, and its tag is the SHA-256 of the
content of the other: it holds for these contents whatever other names they have, and survives `aegis rebuild`.

## Looked at by eye

Up to 20 findings of each kind, drawn by chance, were looked at in textures of ten games, and as many in the original
files of three of them (Debian's endless-sky-data, megaglest-data and openarena-data). Of `tiles` and its like, of
`oversized` and of `narrow-gutter` all were looked at that there were in these three, in openarena-081-textures,
openarena-085-data, supertuxkart-data and unknown-horizons; a picture in other colours counts once. Where more than one
in 20 was wrong, the check was mended; this is what the checks tell today of what was looked at. Undecided is what the
picture alone does not settle: a fringe that is hardly seen, an atlas whose alpha is no transparency, a normal map
without clear relief, a panel of which nobody knows whether it is repeated.

| finding | looked at | right | wrong | undecided |
| --- | --- | --- | --- | --- |
| grey-as-colour | 40 | 40 | 0 | 0 |
| few-colours | 40 | 40 | 0 | 0 |
| one-colour | 8 | 8 | 0 | 0 |
| repeated-content | 4 | 4 | 0 | 0 |
| alpha-unused | 21 | 21 | 0 | 0 |
| alpha-constant | 6 | 6 | 0 | 0 |
| all-transparent | 19 | 18 | 0 | 1 |
| alpha-nearly-binary | 40 | 39 | 0 | 1 |
| wasted-margin | 38 | 38 | 0 | 0 |
| premultiplied-alpha | 3 | 3 | 0 | 0 |
| halo | 51 | 32 | 0 | 19 |
| normal-opengl | 10 | 6 | 0 | 4 |
| normal-directx | 17 | 13 | 0 | 4 |
| normal-undecided | 1 | 1 | 0 | 0 |
| normals-not-unit | 1 | 1 | 0 | 0 |
| name-says-normal | 1 | 1 | 0 | 0 |
| tiles | 302 | 290 | 9 | 3 |
| tiles-across | 127 | 111 | 5 | 11 |
| tiles-down | 20 | 16 | 0 | 4 |
| oversized | 24 | 21 | 0 | 3 |
| jpeg-blocks | 3 | 2 | 0 | 1 |

What is wrong of `tiles` are icons and glows that nobody repeats, and whose opposite edges fit all the same; of
`tiles-across`, two that can be repeated in both directions, and three with a seam that is hardly a step. None of the
18 000 textures of these games has a `narrow-gutter`: all eight that the check had told were insects, letters and
wrecks whose boxes come near each other. Another 117 findings were looked at that the checks no longer tell, of which
18 were right: 8 of `tiles-across`, 3 of `tiles-down`, 4 of `oversized` and 3 of `halo`. The verdicts are in
`benchmarks/findings/looked_at/verdicts.csv`; with the textures at hand,
`python -m benchmarks.findings.looked_at --set NAME DIR` counts them anew.

## All findings

Ids and names never change. `make lint-bench` measures each finding on textures that have it by construction.

In each picture the left texture has the finding and the right one has not. Where both look the same, they differ in
size, or in what the file or the name says. `python -m benchmarks.findings.pictures` makes them from photographs in
`samples/endless-sky`, whose authors [samples/LICENSES.md](../samples/LICENSES.md) names; like those they are under
CC-BY-SA-4.0.
"""


def findings_page() -> str:
    rows = [
        (f"[{check.id}](#{check.id.lower()}-{check.name})", check.name, check.severity.value, _limit(check))
        for check in CHECKS
    ]
    return "\n".join(
        (NOTE, _INTRODUCTION, table(("id", "name", "severity", "limit"), rows), *_sections(GROUPS.items()))
    )


def _sections(groups: Iterable[tuple[str, tuple[Check, ...]]]) -> Iterable[str]:
    for title, checks in groups:
        yield f"## {title}\n"
        yield from (_section(check) for check in checks)


def _section(check: Check) -> str:
    limit = f" Limit: {check.limit_means}, {check.limit:g}." if check.limit is not None else ""
    return (
        f"### {check.id} {check.name}\n\n![{check.name}: left with it, right without](pictures/findings/"
        f"{check.id.lower()}.webp)\n\n{check.why} {check.remedy}\n\n"
        f"Severity: {code(check.severity.value)}. Value: {check.unit}.{limit}\n"
    )


def _limit(check: Check) -> str:
    return "" if check.limit is None else f"{check.limit:g}"
