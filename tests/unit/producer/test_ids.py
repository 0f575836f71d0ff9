"""A file has one id, whichever way it is handed on, and its event says whose the id is."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer_tools.delivery.events import extracted_event
from producer_tools.errors import InputError
from producer_tools.library.tag import asset_id_of
from producer_tools.project import Root, init_project, open_project, root_of
from tests.unit.producer.making import extracted, png, textures


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder of textures that has a name of its own, and an extraction would call otherwise."""
    folder = tmp_path / "Assets"
    (folder / "Items").mkdir(parents=True)
    (folder / "Items" / "sword.png").write_bytes(png(3))
    init_project(folder, "mygame")
    return folder


def test_a_file_has_one_id_whichever_folder_of_its_project_is_named(project: Path, tmp_path: Path) -> None:
    named = (project, project / "Items", project / "Items" / "sword.png")
    for number, path in enumerate(named):
        (texture,) = textures(extracted(path, tmp_path / str(number)))
        assert texture.asset_id == "mygame/Items/sword.png"
        assert str(texture.file) == "mygame/Items/sword.png"
    assert asset_id_of(open_project(project), "Items/sword.png") == "mygame/Items/sword.png"
    assert asset_id_of(open_project(project / "Items"), "sword.png") == "mygame/Items/sword.png"


def test_the_file_of_the_project_is_no_business_of_extraction(project: Path, tmp_path: Path) -> None:
    assert len(extracted(project, tmp_path / "out")) == 1


def test_an_event_says_whose_its_id_is(project: Path, tmp_path: Path) -> None:
    def owner(path: Path) -> str | None:
        (texture,) = textures(extracted(path, tmp_path / "out" / path.name))
        source = extracted_event(texture, bucket="b", run_id="r", game=None).source
        assert source is not None
        return source.belongs_to

    loose = tmp_path / "textures"
    loose.mkdir()
    (loose / "sword.png").write_bytes(png(4))
    assert owner(project) == owner(project / "Items") == open_project(project).source
    assert owner(loose) == str(loose.resolve())
    assert root_of(loose, "mygame") == Root("textures", "mygame")


def test_two_projects_of_one_name_are_told_apart(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    init_project(other, "mygame")
    assert open_project(other).name == open_project(project).name
    assert open_project(other).source != open_project(project).source
    (other / "aegis.yaml").write_text("project: mygame\n")
    assert open_project(other).source == "mygame", "files from before have no id"


def test_a_project_file_above_that_cannot_be_used_is_told(project: Path, tmp_path: Path) -> None:
    (project / "aegis.yaml").write_text("project: a/b\n")
    with pytest.raises(InputError, match=r"aegis\.yaml: 'a/b' is no project name"):
        extracted(project / "Items", tmp_path / "out")
