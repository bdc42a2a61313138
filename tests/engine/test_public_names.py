# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's public names, as the documentation shows them."""

from blender_pifu import engine
from helpers import silhouette


def test_ten_lines_make_a_person_and_read_it_again(tmp_path):
    photo = silhouette.write_cut_out(tmp_path / "anna.png")
    # The example of docs/how-it-works.md.
    from blender_pifu.engine import Choices, Engine, load_model, read_result, reconstruct, write_result

    engine_on_cpu = Engine("cpu")
    choices = Choices(model="fast", resolution=64, height_m=1.65)
    anna = engine_on_cpu.reconstruct(photo, choices, progress=lambda step, fraction: None)
    write_result(anna, tmp_path / "anna.npz")
    assert read_result(tmp_path / "anna.npz").summary == anna.summary
    same = reconstruct(photo, model=load_model("fast"), resolution=64, height_m=1.65)
    assert (same.vertices == anna.vertices).all()
    assert sorted(engine.__all__) == ["Choices", "Engine", "load_model", "read_result", "reconstruct", "write_result"]
