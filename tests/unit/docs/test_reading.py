"""Documents are taken apart as their readers see them, and shell text as a shell does."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.documents import code, markdown
from tests.documents.shell import commands

DOCUMENT = """\
# One `thing`: and another

See [the *page*](other.md#part-two) and ![a picture](a.svg); `[no](link)`, `two
lines`, ``a ` b``.

```sh
make test   # [not](a-link)
```

    indented code

- a list

    with a paragraph

## Part two
## Part two
"""


def test_a_document_is_taken_apart() -> None:
    assert markdown.blocks(DOCUMENT) == [markdown.Block("sh", "make test   # [not](a-link)\n")]
    assert markdown.links(DOCUMENT) == ["other.md#part-two", "a.svg"]
    assert markdown.spans(DOCUMENT) == ["thing", "[no](link)", "two lines", "a ` b"]
    assert markdown.anchors(DOCUMENT) == {"one-thing-and-another", "part-two", "part-two-1"}
    assert "    indented code" in markdown.indented_code(DOCUMENT)


def test_the_words_of_a_file_are_not_those_of_its_docstrings_and_comments() -> None:
    docstring = '"""Say what_is so in ``a_span``, see :func:`told`."""'
    source = f'def tell(name):\n    {docstring}\n    # and_here\n    return "in_text"\n'

    assert {"tell", "name", "in_text"} <= code.words(source)
    assert {"what_is", "and_here", "a_span"}.isdisjoint(code.words(source))
    assert code.remarks(source) == "Say what_is so in ``a_span``, see :func:`told`.\nand_here"
    assert code.spans(code.remarks(source)) == ["a_span", "told"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("one   # a comment\n\n# another\ntwo\n", ["one", "two"]),
        ("one \\\n    --more   # and so on\ntwo", ["one \\\n    --more", "two"]),
        ("jq '{\n  a: 1, # kept\n}' |\n  cat\nend", ["jq '{\n  a: 1, # kept\n}' |\n  cat", "end"]),
        ('echo "# no comment" a#b\n', ['echo "# no comment" a#b']),
        ('printf "\\"" # but this', ['printf "\\""']),
        ("kcat -K $'\\t' -Z", ["kcat -K $'\\t' -Z"]),
        ("sleep 1 &   # behind", ["sleep 1 &"]),
        ("a # isn't one", ["a"]),
    ],
)
def test_shell_text_is_split_into_commands(text: str, found: list[str]) -> None:
    assert commands(text) == found


def test_a_command_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="does not end"):
        commands("echo 'open\n")


# Bash is given one word a line, so that it says for itself what it made of the text.
words = st.lists(st.text(st.sampled_from("ab #'\"\\$|&-"), max_size=6), min_size=1, max_size=4)


@given(st.lists(words, min_size=1, max_size=3))
def test_each_command_is_what_a_shell_would_run(lines: list[list[str]]) -> None:
    text = "\n".join(f"printf '<%s>' {shlex.join(line)}  # it's \"nothing" for line in lines)

    assert len(commands(text)) == len(lines)
    printed = [
        subprocess.run(["bash", "-c", given], capture_output=True, check=True).stdout for given in (*commands(text),)
    ]
    assert b"".join(printed) == subprocess.run(["bash", "-c", text], capture_output=True, check=True).stdout
