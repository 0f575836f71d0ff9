"""Shell text as its reader types it: one command after another, comments left out."""

from __future__ import annotations


def commands(text: str) -> list[str]:
    """Split shell text into complete commands; one that goes on over several lines stays together.

    A command goes on where a line ends with a backslash or a pipe, or inside quotes. Here-documents are not known.
    """
    found: list[str] = []
    begun = ""
    for line in text.splitlines():
        begun += line + "\n"
        bare, is_open = _without_comments(begun)
        if is_open or bare.rstrip().endswith("|"):
            continue
        if bare.strip():
            found.append(bare.strip())
        begun = ""
    if begun.strip():
        raise ValueError(f"the command does not end: {begun.strip()}")
    return found


def _without_comments(text: str) -> tuple[str, bool]:
    """Return the text without its comments, and whether a quote or a continued line is open at its end."""
    kept: list[str] = []
    quote = ""
    index = 0
    while index < len(text):
        character = text[index]
        if character == "\\" and quote != "'":
            kept.append(text[index : index + 2])
            index += 2
            continue
        if character == "#" and not quote and (not kept or kept[-1].isspace()):
            index = text.find("\n", index)
            continue
        if quote == character:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        kept.append(character)
        index += 1
    lines = "".join(kept)
    bare = lines if quote else "\n".join(line.rstrip() for line in lines.split("\n"))
    return bare, bool(quote) or lines.endswith("\\\n")
