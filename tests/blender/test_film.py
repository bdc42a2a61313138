# SPDX-License-Identifier: GPL-3.0-or-later
"""Open Video: frames of a film become the photo and the further photos, in the file itself, by the real engine."""

import bpy
import pytest

from blender_pifu.addon.work import further_photos, history, models


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A synthetic person who turns once, in 14 frames."""
    from blender_pifu.training.data.turning_video import film_turning

    path = tmp_path_factory.mktemp("film") / "turn.mp4"
    film_turning(1, 14).write(path)
    return path


def test_a_film_becomes_photo_and_further_photos(scene, film, tmp_path):
    scene.pifu.views.add()
    assert bpy.ops.pifu.open_video(filepath=str(film)) == {"FINISHED"}
    settings, status = scene.pifu, bpy.context.window_manager.pifu
    assert settings.photo.name.startswith("turn.mp4, ") and settings.photo.packed_file
    assert 3 <= len(settings.views) <= 7
    assert all(view.used and view.told.startswith("Seen from the ") for view in settings.views)
    assert len({view.told for view in settings.views}) >= 3, "from several sides"
    assert status.state == "DONE" and "frames of the film that were looked at" in status.message
    made = history.note(settings, models.find(settings.model), "", 0, "")
    names = [view.image.name for view in settings.views]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "elsewhere.blend"))
    settings = bpy.context.scene.pifu
    settings.views.clear()
    history.restore(settings, made)
    assert [view.image.name for view in settings.views] == names, "also from a file that was moved"
    files = further_photos.files(settings, tmp_path)
    assert len(files) == len(settings.views)
    assert all(open(file, "rb").read(3) == b"\xff\xd8\xff" for file in files)


def test_what_is_no_film_is_told_and_changes_nothing(scene, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    scene.pifu.views.add()
    with pytest.raises(RuntimeError, match="no film that can be read here"):
        bpy.ops.pifu.open_video(filepath=str(tmp_path / "text.mp4"))
    status = bpy.context.window_manager.pifu
    assert status.kind == "video" and scene.pifu.photo is None and len(scene.pifu.views) == 1
