# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting apart what the photo fused: closed pieces, a gap, and nothing cut where nothing is fused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import coo_matrix
from scipy.spatial import cKDTree

from blender_pifu.engine.body.arm_borders import arm_borders
from blender_pifu.engine.body.bones import BONES, INDEX
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import Pose, load_body, rotation
from blender_pifu.engine.body.part_cuts import SeparatedField, Sheet, _even, find_sheets, possible_sheets, side_of
from blender_pifu.engine.body.rigging import fit_under
from blender_pifu.engine.body.threads import Threads
from blender_pifu.engine.body.webs import REACH_M, web
from blender_pifu.engine.body.weights import _in_large_patches, skin_weights
from blender_pifu.engine.interfaces import Field
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component, volumes

RESOLUTION = 96


class Box(Field):
    """Occupancy of a box, half sizes (3,), sloping over a lattice step."""

    device = torch.device("cpu")

    def __init__(self, half):
        self.half = torch.as_tensor(half)

    def support(self, xy):
        return (xy.abs() < self.half[:2] + 0.1).all(1)

    def query_columns(self, xy, column, z):
        beyond = (torch.cat([xy[column], z[:, None]], 1).abs() - self.half).max(1).values
        return (0.5 - beyond * RESOLUTION / 4).clamp(0, 1)


class Solid(Field):
    """Occupancy of skin swollen by `swell`: by the distance to the nearest vertex, its sign from the normal there."""

    device = torch.device("cpu")

    def __init__(self, skin, triangles, swell):
        from blender_pifu.engine.surface.mesh import vertex_normals

        self.tree, self.skin, self.swell = cKDTree(skin), skin, swell
        self.normals = vertex_normals(skin, triangles)
        self.columns = cKDTree(skin[:, :2])

    def support(self, xy):
        return torch.from_numpy(self.columns.query(xy.numpy())[0] < 2 * self.swell + 0.02)

    def query_columns(self, xy, column, z):
        points = torch.cat([xy[column], z[:, None]], 1).numpy()
        _, near = self.tree.query(points)
        apart = ((points - self.skin[near]) * self.normals[near]).sum(1)
        return torch.from_numpy(np.clip(0.5 + (self.swell - apart) * RESOLUTION / 4, 0, 1).astype(np.float32))


def pieces(surface):
    check = check_mesh(surface.faces)
    assert check.boundary_edges == check.nonmanifold_edges == 0
    return check.components


def test_a_sheet_through_a_box_makes_two_closed_boxes_with_a_gap():
    box, sheet = Box([0.5, 0.4, 0.3]), _half_way()
    whole = extract_surface(box, RESOLUTION)
    cut = extract_surface(SeparatedField(box, [sheet], 2 / RESOLUTION), RESOLUTION)
    assert pieces(whole) == 1 and pieces(cut) == 2
    gap = np.abs(cut.vertices[:, 0][np.abs(cut.vertices[:, 1]) < 0.2]).min()
    assert 1.0 < 2 * gap / (2 / RESOLUTION) < 2.2
    lost = 1 - volumes(cut.vertices, cut.faces).sum() / volumes(whole.vertices, whole.faces).sum()
    assert 0.01 < lost < 0.06


def test_cutting_again_asks_the_field_only_for_what_is_not_known():
    box, asked = Box([0.5, 0.4, 0.3]), []
    query = box.query_columns
    box.query_columns = lambda xy, column, z: (asked.append(len(z)), query(xy, column, z))[1]
    whole = extract_surface(box, RESOLUTION)
    cut = SeparatedField(box, [_half_way()], 2 / RESOLUTION)
    anew, first = extract_surface(cut, RESOLUTION), sum(asked)
    known = extract_surface(cut, RESOLUTION, under=whole.samples)
    assert np.array_equal(known.vertices, anew.vertices) and np.array_equal(known.faces, anew.faces)
    assert sum(asked) - first < anew.evaluations / 2


def test_what_is_cut_apart_can_be_asked_in_low_precision_where_the_field_can():
    class Rough(Box):
        precision = "float32"

        def lowered(self, dtype):
            low = Rough(self.half.to(dtype))
            low.precision = str(dtype)
            return low

    apart = SeparatedField(Rough([0.5, 0.4, 0.3]), [_half_way()], 2 / RESOLUTION)
    low = apart.lowered(torch.bfloat16)
    assert low.precision == "torch.bfloat16"
    xy, column, z = torch.tensor([[0.0, 0.0], [0.25, 0.0]]), torch.arange(2), torch.zeros(2)
    for field in (apart, low):
        assert (field.query_columns(xy, column, z) > 0.5).tolist() == [False, True]
    assert SeparatedField(Box([0.5, 0.4, 0.3]), [], 0.1).lowered(torch.bfloat16) is None


def skin_of(fit):
    """The skin of a fit, as a surface."""
    return fit.rows[: load_body().skin_vertices], load_body().triangles


def standing(turns):
    """A Fit that is true by definition, and the solid about it."""
    body = load_body()
    vectors = torch.zeros(len(BONES), 3)
    for bone, vector in turns.items():
        vectors[INDEX[bone]] = torch.tensor(vector)
    pose = Pose(torch.zeros(len(body.basis)), rotation(vectors), torch.tensor(1.0), torch.zeros(3))
    rows = body.pose(pose).numpy()
    fit = Fit(pose, rows, 0.0, 1.0, "surface", None, np.ones(len(BONES), bool))
    return fit, Solid(rows[: body.skin_vertices], body.triangles, 0.012)


@pytest.fixture(scope="module")
def legs_together():
    return standing({"thigh.L": (0, 0, -0.15), "thigh.R": (0, 0, 0.15)})


def test_legs_that_touch_are_cut_apart_and_stay_closed(legs_together):
    fit, field = legs_together
    whole = largest_component(*_mesh(extract_surface(field, RESOLUTION)))
    sheets, notes = find_sheets(field, fit, possible_sheets(fit, whole))
    assert [sheet.limb for sheet in sheets] == ["leg"] and not notes
    cut = extract_surface(SeparatedField(field, sheets, 2 / RESOLUTION), RESOLUTION)
    vertices, faces = largest_component(*_mesh(cut))
    assert check_mesh(faces).watertight
    fused = [height for height in np.linspace(-0.22, -0.8, 24) if _legs_at(*whole, height) == 1]
    assert len(fused) >= 3
    assert all(_legs_at(vertices, faces, height) == 2 for height in fused)
    assert volumes(vertices, faces).sum() > 0.95 * volumes(*whole).sum()


@pytest.mark.parametrize(("apart_m", "cut"), [(0.012, True), (0.025, False)])
def test_legs_that_the_body_fits_badly_are_left_as_they_are(legs_together, apart_m, cut):
    fit, field = legs_together
    fit = replace(fit, limbs_m={"leg.L": apart_m, "leg.R": apart_m})
    sheets, notes = find_sheets(field, fit, possible_sheets(fit, skin_of(fit)))
    assert [sheet.limb for sheet in sheets] == ["leg"] * cut
    assert any("does not fit closely" in note for note in notes) == (not cut)


def test_who_stands_free_is_left_as_they_are():
    fit, field = standing({})
    assert find_sheets(field, fit, possible_sheets(fit, skin_of(fit))) == ([], [])


def test_a_skirt_is_not_cut_and_the_note_says_so(legs_together):
    fit, field = standing({})

    class Skirt(Solid):
        def query_columns(self, xy, column, z):
            inside = super().query_columns(xy, column, z)
            x, y = xy[column].T
            cloth = ((x / 0.27) ** 2 + (z / 0.2) ** 2 < 1) & (y < 0.05) & (y > -0.4)
            return torch.maximum(inside, cloth.float())

        def support(self, xy):
            return super().support(xy) | ((xy[:, 0].abs() < 0.3) & (xy[:, 1] < 0.08) & (xy[:, 1] > -0.45))

    body = load_body()
    skin = fit.rows[: body.skin_vertices]
    sheets, notes = find_sheets(Skirt(skin, body.triangles, 0.012), fit, possible_sheets(fit, skin_of(fit)))
    assert "leg" not in [sheet.limb for sheet in sheets]
    assert any(note.startswith("The legs cannot be separated") for note in notes)


def test_a_web_under_a_hanging_arm_goes_and_the_clothes_stay():
    """Cut half-way alone, either part kept half of it as a ledge; and the cut begins at the armpit, not far below."""
    body = load_body()
    fit, _ = standing({"upper_arm.L": (0, 0, -0.5)})
    skin, parts = fit.rows[: body.skin_vertices], body.parts[: body.skin_vertices]
    arm, trunk = (cKDTree(skin[parts == name]) for name in ("arm.L", "trunk"))
    shoulder, elbow = (fit.rows[body.head_rows][INDEX[bone]] for bone in ("upper_arm.L", "forearm.L"))

    class Webbed(Solid):
        def query_columns(self, xy, column, z):
            points = torch.cat([xy[column], z[:, None]], 1).numpy()
            return torch.maximum(super().query_columns(xy, column, z), torch.from_numpy(in_web(points)).float())

        def support(self, xy):
            return super().support(xy) | ((xy - torch.from_numpy(elbow[:2])).norm(dim=1) < 0.3)

    def in_web(points):
        joined = (arm.query(points)[0] < 0.043) & (trunk.query(points)[0] < 0.043)
        return joined & (np.abs(points[:, 2] - elbow[2]) < 0.03) & (points[:, 1] > elbow[1] - 0.05)

    field = Webbed(skin, body.triangles, 0.012)
    whole = extract_surface(field, RESOLUTION)
    possible = possible_sheets(fit, (whole.vertices, whole.faces))
    sheets, notes = find_sheets(field, replace(fit, limbs_m={"arm.L": 0.025}), possible)
    assert [sheet.limb for sheet in sheets] == ["arm.L"] and not notes, "sleeves are not fitted as closely as legs"
    held_out = replace(fit, limbs_m={"arm.L": 0.05})
    assert not find_sheets(field, held_out, possible)[0]
    assert find_sheets(field, replace(held_out, covered_m={"arm.L": 0.025}), possible)[0], "what it lacks is not cut"
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (300000, 3)) + (shoulder + elbow) / 2
    points = points[in_web(points) & (np.linalg.norm(points - shoulder, axis=1) > 0.16)]
    xy, z = torch.from_numpy(points[:, :2]).float(), torch.from_numpy(points[:, 2]).float()
    left = SeparatedField(field, sheets, 2 / 256).query_columns(xy, torch.arange(len(xy)), z).numpy() > 0.5
    arms, trunks = arm.query(points)[0], trunk.query(points)[0]
    off = np.minimum(arms, trunks)
    ledge, clothes = (off > 0.018) & (np.abs(arms - trunks) > 0.018), off < 0.01
    assert ledge.sum() > 20 and left[ledge].mean() < 0.4
    assert clothes.sum() > 30 and left[clothes].mean() > 0.9


def test_what_is_on_an_arm_s_side_of_its_cut_follows_it_and_nothing_else_does():
    """Of an arm that hangs against the body, whose skins face each other."""
    body = load_body()
    fit, field = standing({"upper_arm.L": (0, 0, -0.75)})
    surface = largest_component(*_mesh(extract_surface(field, RESOLUTION)))
    sheet = next(one for one in possible_sheets(fit, surface) if one.limb == "arm.L")
    skin, names = fit.rows[: body.skin_vertices], np.array(BONES)[body.labels[: body.skin_vertices]]
    forearm, trunk = skin[names == "forearm.L"], skin[np.isin(names, ["spine", "hips"])]
    mine = arm_borders(fit, *surface)["arm.L"]
    near = cKDTree(surface[0])
    assert mine[near.query(forearm)[1]].mean() > 0.9 and mine[near.query(trunk)[1]].mean() < 0.1  # what lies under it
    sides = side_of(sheet, forearm), side_of(sheet, trunk)
    assert (sides[0] == 1).mean() > 0.6 and not (sides[0] == -1).any() and (sides[1] == 1).mean() < 0.1
    cut = largest_component(*_mesh(extract_surface(SeparatedField(field, [sheet], 2 / RESOLUTION), RESOLUTION)))
    bones, weights = skin_weights(*cut, fit, cuts=[sheet])
    share = (weights * np.isin(bones, [INDEX[bone + ".L"] for bone in ("upper_arm", "forearm", "hand")])).sum(1)
    told = side_of(sheet, cut[0])
    below = cut[0][:, 1] < fit.rows[body.head_rows][INDEX["forearm.L"], 1]
    assert share[below & (told == 1)].min() > 0.9 and share[below & (told == -1)].max() < 0.1


def test_beside_a_belly_that_the_body_has_not_arms_are_cut_by_the_skin_and_webs_stay():
    """Of a stout man folds of the shirt were taken for the border of his arm, and torn off with it."""
    fit, field = standing({"upper_arm.L": (0, 0, -0.75)})
    vertices, faces = largest_component(*_mesh(extract_surface(field, RESOLUTION)))
    belly = vertices.copy()
    belly[np.abs(vertices[:, 0]) < 0.1, 2] *= 1.5
    loose = {"arm.L": 0.025}
    sheets = {
        stout: find_sheets(field, person, possible_sheets(person, (belly, faces)))[0]
        for stout, person in (
            (False, replace(fit, limbs_m=loose)),
            (True, replace(fit, limbs_m=loose, flanks_m=0.04)),
        )
    }
    assert [sheet.limb for sheet in sheets[True]] == [sheet.limb for sheet in sheets[False]] == ["arm.L"]
    assert len(sheets[False][0].values) == 3 and len(sheets[True][0].values) == 2
    skin = fit.rows[: load_body().skin_vertices]
    arm = skin[load_body().parts[: len(skin)] == "arm.L"]
    assert (side_of(sheets[True][0], arm) >= 0).mean() > 0.95


def test_a_forearm_raised_before_the_chest_is_cut_off_it_above_where_cuts_of_hanging_arms_end():
    """A hand held before the shoulder held the coat behind it."""
    body = load_body()
    fit, _ = standing({"upper_arm.L": (0, -1.2, -0.7), "forearm.L": (-2.0, -0.9, 0)})
    names, skin = np.array(BONES)[body.labels[: body.skin_vertices]], fit.rows[: body.skin_vertices]
    hand = skin[np.char.startswith(names, "hand") & (body.parts[: len(skin)] == "arm.L")].mean(0)
    chest = skin[body.parts[: len(skin)] == "trunk"]
    between = (hand + chest[np.linalg.norm(chest - hand, axis=1).argmin()]) / 2
    shoulder, elbow = (fit.rows[body.head_rows][INDEX[bone]] for bone in ("upper_arm.L", "forearm.L"))
    assert between[1] > (0.67 * shoulder + 0.33 * elbow)[1] and np.linalg.norm(between - shoulder) < 0.2
    sheet = next(one for one in possible_sheets(fit, skin_of(fit)) if one.limb == "arm.L")
    place = torch.from_numpy((between - sheet.low) / (sheet.high - sheet.low) * 2 - 1).float()
    beyond = torch.nn.functional.grid_sample(sheet.values[None, 1:2], place[None, None, None, None], align_corners=True)
    assert float(beyond) < 0


def test_a_hand_before_the_neck_that_nobody_sees_leaves_no_hollow_there():
    body = load_body()
    fit, _ = standing({"upper_arm.L": (0.2, -0.6, -0.1), "forearm.L": (-0.6, -1.3, -2.0)})
    hand = fit.rows[: body.skin_vertices][body.labels[: body.skin_vertices] == INDEX["middle_3.L"]].mean(0)
    head = fit.rows[: body.skin_vertices][body.parts[: body.skin_vertices] == "head"]
    between = (hand + 3 * head[np.linalg.norm(head - hand, axis=1).argmin()])[None] / 4
    told = [
        side_of(next(one for one in possible_sheets(person, skin_of(person)) if one.limb == "arm.L"), between)[0]
        for person in (fit, replace(fit, hidden=(".L",)))
    ]
    assert told[0] != 0 and told[1] == 0


@pytest.mark.parametrize(("radius", "is_thread"), [(0.016, True), (0.06, False)])
def test_a_thread_that_holds_an_arm_is_cut_and_what_is_more_is_left(radius, is_thread):
    body, lattice = load_body(), 160
    fit, _ = standing({"upper_arm.L": (0, 0, -0.4)})
    skin = fit.rows[: body.skin_vertices]
    wrist, hips = (fit.rows[body.head_rows][INDEX[bone]] for bone in ("hand.L", "hips"))

    class Held(Solid):
        def query_columns(self, xy, column, z):
            points = torch.cat([xy[column], z[:, None]], 1).numpy()
            along = np.clip((points - hips) @ (wrist - hips) / ((wrist - hips) @ (wrist - hips)), 0, 1)
            bar = np.linalg.norm(points - hips - along[:, None] * (wrist - hips), axis=1) < radius
            return torch.maximum(super().query_columns(xy, column, z), torch.from_numpy(bar).float())

        def support(self, xy):
            return super().support(xy) | (xy.norm(dim=1) < 0.4)

    field, threads = Held(skin, body.triangles, 0.012), Threads(fit)
    cut = next(one for one in possible_sheets(fit, skin_of(fit)) if one.limb == "arm.L")
    assert threads.found(*largest_component(*_mesh(extract_surface(field, lattice))), [cut]) and threads.sheets
    apart = SeparatedField(field, threads.sheets, 2 / lattice)
    surface = largest_component(*_mesh(extract_surface(apart, lattice)))
    assert threads.found(*surface, [cut]) != is_thread and bool(threads.sheets) == is_thread
    assert not threads.found(*surface, [cut]) and not Threads(fit).found(*surface, [])


def test_of_an_arm_whose_hand_nobody_sees_nothing_follows_that_does_not_hang_on_it():
    """The neck of who was seen from behind followed a hand that the fit had before it."""
    labels = np.array([INDEX["upper_arm.L"]] * 6 + [INDEX["chest"]] * 9 + [INDEX["hand.L"]] * 4)
    weights, row = np.eye(len(BONES))[labels], np.arange(18)
    graph = coo_matrix((np.ones(18), (row, row + 1)), shape=(19, 19))
    graph = (graph + graph.T).tocsr()
    sure = np.ones(19, bool)
    assert _in_large_patches(weights, graph, sure).all()
    assert (_in_large_patches(weights, graph, sure, ["arm.L"]) == (np.arange(19) < 15)).all()


def test_what_hangs_far_off_both_skins_is_no_web():
    """A loose sleeve under a bent elbow lost its lower half."""
    between = np.linspace(0, 0.1, 11)[:, None] * (0, -1, 0)
    gaps = 0.02 + 0.1 * np.linspace(0, 1, 11)
    found = web(between, (gaps, gaps), np.zeros((0, 3)), (np.zeros(0), np.zeros(0)), 1.0)
    assert (found < 0).tolist() == (gaps < REACH_M).tolist() and 0 < (found < 0).sum() < 11


def test_a_layer_is_thick_enough_where_distances_jump():
    """Single cells bridged it: an arm hung on the coat by a thread."""
    step = 0.011
    x = step * np.arange(-6, 7)
    jumps = np.broadcast_to(x + 0.02 * np.sign(x), (13, 13, 13)).astype(np.float32)
    even = _even(jumps, step)
    assert (np.sign(even) == np.sign(jumps)).all() and np.abs(even[..., 5]).max() < 0.6 * np.abs(jumps[..., 5]).max()
    np.testing.assert_allclose(even[..., [0, -1]], jumps[..., [0, -1]], rtol=1e-4)


def test_all_of_it_from_a_surface(legs_together):
    _, field = legs_together
    surface = extract_surface(field, RESOLUTION)
    mesh = largest_component(surface.vertices, surface.faces)
    fitted = fit_under(field, mesh, 2 / RESOLUTION, lambda cut: extract_surface(cut, RESOLUTION))
    vertices, faces = fitted.mesh
    assert fitted.fit.source == "surface" and check_mesh(faces).watertight
    rig = fitted.rig(vertices, faces, lambda points: 2 * points)
    assert rig.names == BONES and len(rig.weights) == len(vertices)
    assert np.allclose(rig.heads, 2 * fitted.fit.rows[load_body().head_rows])


def _half_way():
    """A sheet at x = 0."""
    axis = np.linspace(-0.6, 0.6, 41, dtype=np.float32)
    apart = np.broadcast_to(axis, (41, 41, 41)).copy()
    values = torch.from_numpy(np.stack([apart, np.full_like(apart, -1.0)]))
    return Sheet("halves", "leg", values, apart, 10**6, np.full(3, -0.6), np.full(3, 0.6))


def _mesh(surface):
    return surface.vertices, surface.faces


def _legs_at(vertices, faces, height):
    """How many closed outlines the mesh has in a horizontal plane, below the hands."""
    from scipy.sparse.csgraph import connected_components

    crossing = faces[(vertices[faces][:, :, 1] > height).any(1) & (vertices[faces][:, :, 1] < height).any(1)]
    edges = crossing[:, [0, 1, 1, 2]].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(len(vertices),) * 2)
    labels = connected_components(graph, directed=False)[1]
    return len(np.unique(labels[crossing]))
