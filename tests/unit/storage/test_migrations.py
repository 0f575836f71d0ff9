"""The steps of the tables."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from schemas import migrations


def test_the_steps_are_one_line_numbered_without_gaps() -> None:
    """Each step follows the one before it, so that the version found is comparable with the version known."""
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER))
    walked = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()][::-1]
    assert tuple(walked) == migrations.revisions()
    assert walked == [f"{number:04d}" for number in range(1, len(walked) + 1)]
