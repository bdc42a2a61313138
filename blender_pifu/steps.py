# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a job: their names for artists, which of them a job takes, and what they cost. Standard library only."""

READ, MATTE, ENCODE, CARVE, PAINT = STEPS = (
    "Reading the photo",
    "Cutting out the person",
    "Understanding the body",
    "Carving the surface",
    "Painting",
)
FIT, BIND = "Fitting the skeleton", "Binding the skin"
LAY_OUT = "Laying out the mesh"
UNWRAP, BAKE = "Unwrapping", "Baking the texture"
MOVE = "Following the person"
# Processor seconds of one core for the bundled photos: what a step always takes, and what goes with the surface, which
# is with the square of the resolution; in `square`s of 256. Of layouts by the topology's name.
LAYOUT_S = {"standard": (0.6, 2.1), "game": (0.8, 2.1), "print": (0.3, 2.7), "animation": (8.2, 0.5)}
QUADS_UNWRAP_S, DENSE_UNWRAP_S = 3.8, 38.0  # the latter grows faster than the surface
HEAD_UNWRAP_S = 4.3, -2.0  # more: for the small charts of a dense head; of quads, as head and hands come laid flat
BAKE_S, MAPS_S = (1.5, 0.6), 0.6  # and that for each square of 1024 pixels; so much more for normals and roughness
HANDS_S, HEAD_S = 2.3, 1.6  # read, posed and tried on; fitted
PUT_ON_S = 0.9, 0.6  # hands and head on the dense surface
FILM_S = 4.3  # frames looked at
MOTION_S = 40.0  # a film of 300 frames followed
VIEWS_S, VIEW_S = 9.0, (3.5, 7.0)  # further photos: the first one's body and all joined; each cut out, and understood
BEHIND_S = 1.8  # the photo's materials on the hidden side
DENSE, QUADS, BRINGS_UV = ("sculpt", "print"), ("standard", "game"), ("animation",)
HEADED = ("sculpt", "standard", "game")  # surfaces on which the person's own head is put
MEMORY_MB = {128: 950, 256: 1000, 512: 1250, 1024: 1900}  # at most, of a job with texture and skeleton, by resolution


def seconds_of(
    topology: str,
    rig: bool,
    texture_px: int,
    resolution: int,
    views: int = 0,
    film: bool = False,
    motion: bool = False,
) -> dict[str, float]:
    """About how many seconds each step of a job takes, in their order, of one core of the computer on which they were
    measured. topology, ...: as in `Choices`; views: further photos; film: whether they are chosen from one;
    motion: whether the skeleton is given one."""
    square = (resolution / 256) ** 2
    seconds = {READ: 0.3 + (FILM_S if film else 0), MATTE: 3.3 + VIEW_S[0] * views, ENCODE: 4.0}
    if views:
        seconds[ENCODE] += VIEWS_S + VIEW_S[1] * views
    seconds[CARVE] = 0.05 + 0.83 * square
    if rig:
        seconds[FIT] = 2.2 + 2.4 * square + HANDS_S + (HEAD_S if topology != "print" else 0)
    seconds[PAINT] = 0.45 + 0.6 * square + (0.7 if topology in QUADS else 0) + BEHIND_S  # with what is begun beside it
    head = rig and topology in HEADED
    if rig:
        seconds[PAINT] += PUT_ON_S[0] + (PUT_ON_S[1] if head else 0)
    dense = topology in DENSE
    if topology in LAYOUT_S:
        always, each = LAYOUT_S[topology]
        seconds[LAY_OUT] = always + each * square
    if texture_px:
        if topology not in BRINGS_UV:
            seconds[UNWRAP] = DENSE_UNWRAP_S * square**1.5 if dense else QUADS_UNWRAP_S
            seconds[UNWRAP] += HEAD_UNWRAP_S[0 if dense else 1] if head else 0
        seconds[BAKE] = BAKE_S[0] + (BAKE_S[1] + (0 if dense else MAPS_S)) * (texture_px / 1024) ** 2
    if rig:
        seconds[BIND] = 0.1 + 0.3 * square if dense else 0.2
        if motion:
            seconds[MOVE] = MOTION_S
    return seconds


def memory_mb(resolution: int) -> int:
    """About how much memory a job takes at most, by the nearest resolution that was measured."""
    return MEMORY_MB[min(MEMORY_MB, key=lambda known: abs(known - resolution))]
