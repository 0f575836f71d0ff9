"""The shell in which the documents are followed behaves as a person's does, and no failure in it is overlooked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from testkit.kafka_tools import eventually
from testkit.running import run as wait
from tests.integration.docs.documents import follow
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.reader import Reader, Run


class Typed(Document):
    """A document that consists of the commands which have effects, and of one that has none."""

    def commands(self) -> list[str]:
        return [*self.effects, "unknown"]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path, {"PATH": "/usr/bin:/bin"}, tmp_path / "notes", tmp_path / "stack")
    yield reader
    reader.kill()


def test_variables_and_folders_stay_from_command_to_command(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    for command in ("greeting='good day'", "cd inside", "export greeting"):
        assert reader.finish(reader.begin(command)) == 0

    assert reader.variable("greeting") == "good day"
    assert reader.variable("PWD") == str(tmp_path / "inside")


def test_output_complaints_and_exit_code_are_told_apart(reader: Reader) -> None:
    run = reader.begin("echo out; echo err >&2; false | cat")

    assert reader.finish(run) == 1
    assert (run.printed, run.complaints) == ("out\n", "err\n")


def _command_lines(reader: Reader) -> set[tuple[str, ...]]:
    found = set()
    for process in reader.processes():
        with suppress(psutil.NoSuchProcess):
            found.add(tuple(process.cmdline()))
    return found


def test_ctrl_c_ends_a_command_and_leaves_the_background_alone(reader: Reader) -> None:
    reader.finish(reader.begin("sleep 600 &"))
    background = {process.pid for process in reader.processes()}
    run = reader.begin("sh -c 'sleep 601' | cat")
    # Not the shells that are about to become the command, or to start it: what they start later would hear nothing.
    wait(eventually(lambda: {("sleep", "601"), ("cat",)} <= _command_lines(reader), "the command runs"))

    assert reader.interrupt(run, background) != 0
    assert {process.pid for process in reader.processes()} == background
    assert reader.close() == [143]


def test_whatever_goes_wrong_is_told_with_its_command(reader: Reader) -> None:
    def finds_no_fault(reader: Reader, run: Run) -> None:
        assert run.exit_code is not None

    def finds_fault(reader: Reader, run: Run) -> None:
        assert run.printed == "something else"

    document = Typed("docs/some.md")
    document.effect("echo fine")(finds_no_fault)
    document.effect("cat nothing-of-this-name")(finds_no_fault)
    document.effect("echo well")(finds_fault)
    document.not_run("needs what is not here", print, "docker compose up")

    problems = follow(document, reader)

    assert [problem.split("\n")[0] for problem in problems] == [
        "docs/some.md: cat nothing-of-this-name",
        "docs/some.md: echo well",
        "docs/some.md: unknown",
    ]
    assert "exit code 1" in problems[0]
    assert "no effect is known" in problems[2]
