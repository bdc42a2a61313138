# SPDX-License-Identifier: GPL-3.0-or-later
"""What was looked at is not read again by the job that follows, unless the file is another by then."""

import os

import numpy as np
import pytest
from PIL import Image

from blender_pifu.choices import Choices
from blender_pifu.engine import Engine
from blender_pifu.engine.subject import last_photo
from blender_pifu.engine.subject.last_photo import LastPhoto
from helpers import silhouette


@pytest.fixture
def photo(tmp_path):
    return silhouette.write_cut_out(tmp_path / "anna.png")


@pytest.fixture
def reads(monkeypatch):
    """The paths that are read from disk."""
    seen, load = [], last_photo.load_photo
    monkeypatch.setattr(last_photo, "load_photo", lambda path: seen.append(path) or load(path))
    return seen


def test_a_photo_that_was_looked_at_is_read_and_searched_for_people_once(photo, reads, monkeypatch):
    engine = Engine("cpu")
    find, searched = engine._figures._people.find, []
    monkeypatch.setattr(engine._figures._people, "find", lambda *given: searched.append(given) or find(*given))
    engine.check(photo)
    engine.reconstruct(photo, Choices(model="fast", resolution=32))
    assert (len(reads), len(searched)) == (1, 1)
    engine.reconstruct(photo, Choices(model="fast", resolution=32))
    assert len(reads) == 2, "nothing is kept after the job"


def test_a_file_that_changed_is_read_again(photo, reads):
    last = LastPhoto()
    first = last.check(photo)
    Image.fromarray(np.asarray(Image.open(photo))[::-1]).save(photo)
    status = os.stat(photo)
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))
    assert not np.array_equal(last.take(photo).alpha, first.alpha) and len(reads) == 2


def test_a_large_photo_is_not_kept(photo, reads, monkeypatch):
    monkeypatch.setattr(last_photo, "MOST_BYTES", 100)
    last = LastPhoto()
    last.check(photo)
    last.take(photo)
    assert len(reads) == 2
