# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh wears the photo in front, the drawn back behind, and something smooth between."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix, diags

from blender_pifu.engine.color import painting
from blender_pifu.engine.color.painting import Scalp, depth_buffers, paint, spread
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, vertex_normals
from helpers import analytic

RED, BLUE, GREEN = (0.9, 0.1, 0.1), (0.1, 0.1, 0.9), (0.1, 0.9, 0.1)
BROWN = (0.5, 0.33, 0.26)


def mesh(field, resolution=128):
    surface = extract_surface(field, resolution)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    return vertices, faces, vertex_normals(vertices, faces)


def image(color, matte):
    return np.dstack([np.broadcast_to(color, (*matte.shape, 3)), matte]).astype(np.float32)


@pytest.fixture(scope="module")
def person():
    return mesh(analytic.person())


def matte_of(field, size=256):
    import torch

    x, y = np.meshgrid((np.arange(size) + 0.5) / size * 2 - 1, 1 - (np.arange(size) + 0.5) / size * 2)
    xy = torch.from_numpy(np.stack([x, y], -1).reshape(-1, 2).astype(np.float32))
    return field.support(xy).reshape(size, size).numpy().astype(np.float32)


def paint_person(mesh_parts, photo, back):
    vertices, faces, normals = mesh_parts
    return paint(vertices, faces, normals, 2 / 128, photo, back).colors


def test_front_is_the_photo_back_is_the_drawn_back_and_sides_lie_between(person):
    matte = matte_of(analytic.person(reach=0.0))
    colors = paint_person(person, image(RED, matte), image(BLUE, matte))
    assert colors.dtype == np.uint8
    normals = person[2]
    trunk = np.abs(person[0][:, 0]) < 0.1
    red, blue = np.round(np.array([RED, BLUE]) * 255)
    assert np.abs(colors[trunk & (normals[:, 2] > 0.9)] - red).max() <= 3
    assert np.abs(colors[trunk & (normals[:, 2] < -0.9)] - blue).max() <= 3
    side = colors[np.abs(normals[:, 2]) < 0.05].astype(int)
    assert (side[:, 0] >= 25 - 3).all() and (side[:, 0] <= 230 + 3).all()
    assert 60 < side[:, 0].mean() < 195


def test_of_two_materials_each_ends_and_one_goes_over_into_its_shade(person):
    matte = matte_of(analytic.person(reach=0.0))

    def between(front, behind):
        colors = paint_person(person, image(front, matte), image(behind, matte)).astype(float) / 255
        way = np.array(behind) - front
        share = (colors - front) @ way / (way @ way)
        return ((share > 0.3) & (share < 0.7)).sum()

    assert between(RED, BLUE) < 0.7 * between(RED, np.array(RED) * 0.92)


def test_background_beside_the_outline_does_not_bleed_in(person):
    matte = matte_of(analytic.person(reach=-0.004), 512)
    photo = image(RED, matte)
    photo[matte < 0.5, :3] = GREEN
    colors = paint_person(person, photo, image(RED, matte))
    assert colors[:, 1].max() < 90


def test_what_an_arm_hides_does_not_take_the_arms_colours():
    arm = (((-0.3, 0.1, 0.45), (0.3, 0.1, 0.45)), 0.06)
    bridge = (((0.3, 0.1, 0.45), (0.3, 0.1, 0.0)), 0.06)
    trunk = (((0, 0.5, 0), (0, -0.5, 0)), 0.3)
    segments, radii = zip(arm, bridge, trunk, strict=True)
    vertices, faces, normals = mesh(analytic.CapsuleField(segments, radii))
    rows = 1 - (np.arange(256) + 0.5) / 128
    photo = image(RED, np.ones((256, 256)))
    photo[np.abs(rows - 0.1) < 0.06, :, :3] = GREEN
    colors = paint(vertices, faces, normals, 2 / 128, photo, image(RED, np.ones((256, 256)))).colors
    # Below this depth are the trunk's own vertices, left of the bridge.
    hidden = (vertices[:, 2] < 0.32) & (vertices[:, 0] < 0.1) & (np.abs(vertices[:, 1] - 0.1) < 0.06)
    assert np.count_nonzero(hidden) > 100
    assert colors[hidden, 1].max() < 60
    arm_front = (vertices[:, 2] > 0.47) & (np.abs(vertices[:, 1] - 0.1) < 0.03)
    assert colors[arm_front, 1].min() > 180


def test_colours_sit_where_the_photo_has_them(person):
    matte = matte_of(analytic.person(reach=0.0))
    photo = image(RED, matte)
    photo[:128, :, :3] = BLUE
    colors = paint_person(person, photo, photo)
    vertices, normals = person[0], person[2]
    sure = np.abs(normals[:, 2]) > 0.7
    assert (colors[sure & (vertices[:, 1] > 0.05), 2] > 200).all()
    assert (colors[sure & (vertices[:, 1] < -0.05), 0] > 200).all()


def test_a_mesh_outside_the_matte_still_gets_colours(person):
    colors = paint_person(person, image(RED, np.zeros((64, 64))), image(BLUE, np.zeros((64, 64))))
    assert np.isfinite(colors).all()


def test_spreading_keeps_trusted_colours_and_fills_the_rest_between_them():
    strip = np.array([[i, i + 1, i + 2] for i in range(40)])
    colors = np.zeros((42, 1))
    colors[-1] = 1
    trust = np.zeros(42)
    trust[[0, -1]] = 1
    filled = spread(colors, trust, strip, 100)[:, 0]
    assert filled[0] == 0
    assert filled[-1] == 1
    assert (np.diff(filled) > 0).all()


def test_without_a_back_the_front_goes_on_and_a_guess_is_taken_where_the_photo_is_blind(person):
    vertices, faces, normals = person
    photo = image(RED, matte_of(analytic.person(reach=0.0)))
    red, green = np.round(np.array([RED, GREEN]) * 255)
    front, back = normals[:, 2] > 0.95, normals[:, 2] < -0.5
    alone = paint(vertices, faces, normals, 2 / 128, photo).colors
    assert np.abs(alone - red).max() <= 3
    guessed = paint(vertices, faces, normals, 2 / 128, photo, guess=np.tile(GREEN, (len(vertices), 1))).colors
    trunk = np.abs(vertices[:, 0]) < 0.1
    assert np.abs(guessed[front & trunk] - red).max() <= 3
    assert np.abs(guessed[back] - green).max() <= 3


def test_hair_goes_on_from_behind_to_the_hairline_and_cheeks_from_the_photo(person):
    vertices, faces, normals = person
    matte = matte_of(analytic.person())
    sides = np.abs(normals[:, 2]) < 0.3
    for scalp, color in ((1.0, BLUE), (-1.0, RED)):
        grown = np.where(sides, scalp, 0.0)
        told = Scalp(grown, vertices, 1.0)
        colors = (
            paint(vertices, faces, normals, 2 / 128, image(RED, matte), image(BLUE, matte), scalp=told).colors / 255
        )
        near = np.linalg.norm(colors[sides] - color, axis=1) < 0.3
        assert near.mean() > 0.75


def test_a_face_that_no_photo_shows_has_the_tone_of_skin_that_is_seen(person):
    """Hair before, as from behind, and a neck; what was drawn of the hidden side, blue, is of no face."""
    vertices, faces, normals = person
    matte = matte_of(analytic.person())
    high = np.linspace(1, -1, 256)[:, None] * np.ones((256, 256)) > 0
    shares = np.zeros((256, 256, len(REGIONS)), np.float32)
    shares[..., REGIONS["hair"]], shares[..., REGIONS["skin"]] = high, ~high
    photo = image(GREEN, matte)
    photo[~high, :3] = RED
    face = (normals[:, 2] < -0.5) & (vertices[:, 1] > 0)
    told = Scalp(np.where(face, -1.0, 0.0), vertices, 1.0, faceless=True)
    how = {"back": image(BLUE, matte), "scalp": told, "regions": Regions(shares, shares)}
    colors = paint(vertices, faces, normals, 2 / 128, photo, **how).colors / 255
    assert (np.linalg.norm(colors[face] - RED, axis=1) < 0.2).mean() > 0.9


def test_no_colour_runs_over_the_border_of_two_regions(person):
    """A hem at the middle of the body: between what front and back show it is as sharp as there."""
    vertices, faces, normals = person
    rows = np.linspace(1, -1, 256)[:, None] * np.ones((256, 256)) > 0
    photo = image(RED, matte_of(analytic.person()))
    photo[~rows, :3] = BLUE
    upper = np.zeros((256, 256, len(REGIONS)), np.float32)
    upper[..., REGIONS["upper"]], upper[..., REGIONS["lower"]] = rows, ~rows
    known = {"regions": Regions(upper, upper)}
    shown = [paint(vertices, faces, normals, 2 / 128, photo, photo, **more).colors for more in ({}, known)]
    beside = (np.abs(normals[:, 2]) < 0.2) & (np.abs(vertices[:, 1]) < 0.1)
    above, below = beside & (vertices[:, 1] > 0.02), beside & (vertices[:, 1] < -0.02)
    assert above.sum() > 20 and below.sum() > 20
    for colors in shown:
        off = np.abs(colors[above] - 255 * np.array(RED)).mean() + np.abs(colors[below] - 255 * np.array(BLUE)).mean()
        assert off < 10


def test_what_is_worn_under_a_hanging_arm_is_what_is_worn_beside_it(person):
    """Photo and drawn back show the arm's skin before and behind a flank: of that nothing is skin, but for whoever
    wears nothing there."""
    vertices, faces, normals = person
    head = vertices[:, 1] > np.quantile(vertices[:, 1], 0.9)
    flank = ~head & (vertices[:, 0] < np.quantile(vertices[~head, 0], 0.2))
    x, y = np.meshgrid((np.arange(256) + 0.5) / 128 - 1, 1 - (np.arange(256) + 0.5) / 128)
    arm = (x < vertices[flank, 0].max() - 0.05) | (y > vertices[head, 1].min())
    for worn, color in (("upper", BLUE), ("skin", BROWN)):
        photo = image(color, matte_of(analytic.person()))
        photo[arm, :3] = BROWN
        shares = np.zeros((256, 256, len(REGIONS)), np.float32)
        shares[~arm, REGIONS[worn]], shares[arm, REGIONS["skin"]] = 1, 1
        of = {"regions": Regions(shares, shares), "hands": np.where(head, 1, np.where(flank, -1, 0))}
        colors = paint(vertices, faces, normals, 2 / 128, photo, photo, **of).colors / 255
        assert (np.linalg.norm(colors[flank] - color, axis=1) < 0.1).mean() > 0.9


def links_of(faces, count):
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    links = coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count)).tocsr()
    return links + links.T


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_equations_are_solved_to_the_bit_as_written_plainly(person, columns):
    vertices, faces, _ = person
    links, rng = links_of(faces, len(vertices)), np.random.default_rng(columns)
    held = rng.random(len(vertices)) * (rng.random(len(vertices)) < 0.1)
    matrix = (diags(np.asarray(links.sum(1)).ravel() + held + 1e-6) - links).tocsr()
    right, start = (rng.random((len(vertices), columns)) for _ in range(2))
    right *= held[:, None]
    scale, tolerance = 1 / matrix.diagonal()[:, None], 1e-3

    result, rest = start.copy(), right - matrix @ start
    least = tolerance * np.linalg.norm(right, axis=0)
    step = scale * rest
    size = (rest * step).sum(0)
    for _ in range(painting.ROUNDS):
        if (np.linalg.norm(rest, axis=0) <= least).all():
            break
        turned = matrix @ step
        far = size / np.maximum((step * turned).sum(0), 1e-30)
        result += far * step
        rest -= far * turned
        way = scale * rest
        size, before = (rest * way).sum(0), size
        step = way + size / np.maximum(before, 1e-30) * step
    assert np.array_equal(painting._solved(matrix, right, start, scale, tolerance), result)


def test_a_first_guess_is_handed_on_as_if_everybody_were_asked_each_time(person):
    vertices, faces, _ = person
    links, rng = links_of(faces, len(vertices)), np.random.default_rng(0)
    links.data *= np.where(rng.random(len(links.data)) < 0.5, 1e-4, 1)  # between two materials
    trust = (rng.random(len(vertices)) < 0.01).astype(float)
    colors = rng.random((len(vertices), 3))
    known = (trust > 0).astype(float)
    plain, least = colors * known[:, None], 0.5
    while True:
        weight = links @ known
        new = (known == 0) & (weight > least)
        if not new.any():
            if not least:
                break
            least = 0
            continue
        plain[new] = (links[new] @ plain) / weight[new, None]
        known[new] = 1
    assert np.array_equal(painting._nearest_trusted(colors, trust, links), plain)


def test_depth_of_both_sides_is_that_of_all_points_of_faces(person, monkeypatch):
    vertices, faces, _ = person
    size, spacing = 64, 2 / 64
    a, b, c = vertices[faces].transpose(1, 0, 2)
    points = np.concatenate([vertices, (a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3])
    column, row = painting.pixels_at(*points[:, :2].T, size=size)
    whole = depth_buffers(vertices, faces, spacing)
    monkeypatch.setattr(painting, "FACES", 1000)
    parts = depth_buffers(vertices, faces, spacing)
    for side in (1, -1):
        plain = np.full((size, size), -np.inf)
        np.maximum.at(plain, (row, column), side * points[:, 2])
        assert np.array_equal(whole[side], plain) and np.array_equal(parts[side], plain)


def test_behind_what_lies_before_trust_ends_softly_and_where_it_does():
    """Beside a nose that hid a cheek the colours changed in steps of a pixel of the depth buffer, 8 mm."""
    x, y = (each.ravel() for each in np.meshgrid(np.linspace(-0.5, 0.5, 201), np.linspace(-0.5, 0.5, 201)))
    wall, bar = np.stack([x, y, 0 * x], 1), np.stack([x, y, 0 * x + 0.3], 1)
    row = np.arange(200)[:, None] * 201 + np.arange(200)
    corner = row.reshape(-1, 1)
    faces = np.concatenate([corner + (0, 1, 202), corner + (0, 202, 201)])
    middle = wall[faces].mean(1)
    slanted = np.abs(middle[:, 0] - 0.5 * middle[:, 1]) < 0.1
    both, faces = np.concatenate([wall, bar]), np.concatenate([faces, faces[slanted] + len(wall)])
    side = painting.Side(both, faces, 2 / 128, image(RED, np.ones((256, 256))), 1)
    places = np.stack([np.linspace(-0.4, 0.4, 1601), np.zeros(1601), np.zeros(1601)], 1)
    trust = side.trust(places, np.repeat([(0, 0, 1.0)], 1601, 0))
    assert trust[np.abs(places[:, 0]) < 0.1].max() == 0
    assert trust[np.abs(places[:, 0]) > 0.1 + 3 * painting.RIM + 3 / 64].min() == 1
    assert np.abs(np.diff(trust)).max() < 0.1
