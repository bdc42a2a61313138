# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and shapes of the published checkpoints, and seeded values in them."""

import argparse
import math

import torch

PIFUHD, NET_G, NET_C = (764, 387_050_393), (441, 15_605_122), (53, 9_139_398)  # tensors, values


def pifuhd_layout(normal_width=64):
    """pifuhd.pt; with a smaller width of its normal generators, which are nearly all of its weight, a lighter one."""
    layout = {}
    for net in ("netF", "netB"):
        layout |= _prefixed(f"netG.{net}.model.", _generator(normal_width))
    layout |= _prefixed("netG.image_filter.", _hourglass_filter(9, stacks=4, depth=2, features=256))
    layout |= _prefixed("netG.mlp.filters.", _mlp([257, 1024, 512, 256, 128, 1], {2, 3, 4}, "{}"))
    layout |= _prefixed("image_filter.", _hourglass_filter(9, stacks=1, depth=4, features=16))
    layout |= _prefixed("mlp.filters.", _mlp([272, 512, 256, 128, 1], {1, 2}, "{}"))
    return layout


def net_g_layout():
    layout = _prefixed("image_filter.", _hourglass_filter(3, stacks=4, depth=2, features=256))
    return layout | _prefixed("surface_classifier.", _mlp([257, 1024, 512, 256, 128, 1], {1, 2, 3, 4}, "conv{}"))


def net_c_layout():
    layout = {"1.weight": (64, 3, 7, 7), **_norm("2", 64)}
    layout |= {"4.weight": (128, 64, 3, 3), **_norm("5", 128), "7.weight": (256, 128, 3, 3), **_norm("8", 256)}
    for block in range(10, 16):
        layout |= {f"{block}.conv_block.1.weight": (256, 256, 3, 3), **_norm(f"{block}.conv_block.2", 256)}
        layout[f"{block}.conv_block.5.weight"] = (256, 256, 3, 3)
        layout |= _norm(f"{block}.conv_block.6", 256) if block < 15 else {}
    layout = _prefixed("image_filter.model.", layout)
    return layout | _prefixed("surface_classifier.", _mlp([513, 1024, 512, 256, 128, 3], {1, 2, 3, 4}, "conv{}"))


def filled(layout, seed):
    """Seeded values, of a size that keeps signals alive; what files hold twice is one tensor."""
    noise = torch.randn(1 << 20, generator=torch.Generator().manual_seed(seed))
    state, start = {}, 0
    for name, shape in layout.items():
        count = math.prod(shape)
        values = noise[(start + torch.arange(min(count, 1 << 20))) % len(noise)]
        values = values.repeat(-(-count // len(values)))[:count].reshape(shape)
        start += count
        if ".downsample.0." in name:
            values = state[name.replace("downsample.0", "bn4")]
        elif len(shape) > 1:
            values *= 1.4 / math.sqrt(math.prod(shape[1:]))
        else:
            values *= 0.1
            if name.endswith("weight"):
                values += 1
        state[name] = values
    return state


def pifuhd_checkpoint(state):
    """As torch.save gets it: options of both levels beside the tensors."""
    return {
        "opt": argparse.Namespace(name="pifuhd_final", loadSize=1024, mlp_dim=[272, 512, 256, 128, 1]),
        "opt_netG": argparse.Namespace(loadSize=512, z_size=200.0, hg_down="ave_pool", norm="group", gpu_ids=None),
        "model_state_dict": state,
    }


def _hourglass_filter(inputs, stacks, depth, features):
    layout = {**_conv("conv1", inputs, 64, 7), **_norm("bn1", 64)}
    for name, before, after in (("conv2", 64, 128), ("conv3", 128, 128), ("conv4", 128, 256)):
        layout |= _prefixed(f"{name}.", _conv_block(before, after))
    for i in range(stacks):
        names = [f"b{k}_{level}" for level in range(1, depth + 1) for k in (1, 2, 3)] + ["b2_plus_1"]
        for name in names:
            layout |= _prefixed(f"m{i}.{name}.", _conv_block(256, 256))
        layout |= _prefixed(f"top_m_{i}.", _conv_block(256, 256))
        layout |= {**_conv(f"conv_last{i}", 256, 256, 1), **_norm(f"bn_end{i}", 256)}
        layout |= _conv(f"l{i}", 256, features, 1)
        if i + 1 < stacks:
            layout |= {**_conv(f"bl{i}", 256, 256, 1), **_conv(f"al{i}", features, 256, 1)}
    return layout


def _conv_block(before, after):
    half, quarter = after // 2, after // 4
    layout = {
        "conv1.weight": (half, before, 3, 3),
        "conv2.weight": (quarter, half, 3, 3),
        "conv3.weight": (quarter, quarter, 3, 3),
        **_norm("bn1", before),
        **_norm("bn2", half),
        **_norm("bn3", quarter),
        **_norm("bn4", before),
    }
    if before != after:
        layout |= {**_norm("downsample.0", before), "downsample.2.weight": (after, before, 1, 1)}
    return layout


def _generator(width):
    widths = [width << i for i in range(5)]
    layout = _conv("1", 3, width, 7)
    for i in range(4):
        layout |= _conv(str(4 + 3 * i), widths[i], widths[i + 1], 3)
    for block in range(16, 25):
        layout |= _conv(f"{block}.conv_block.1", widths[4], widths[4], 3)
        layout |= _conv(f"{block}.conv_block.5", widths[4], widths[4], 3)
    for i in range(4):
        name, before, after = str(25 + 3 * i), widths[4 - i], widths[3 - i]
        layout |= {f"{name}.weight": (before, after, 3, 3), f"{name}.bias": (after,)}
    return layout | _conv("38", width, 3, 7)


def _mlp(widths, residual, name):
    layout = {}
    for k, (before, after) in enumerate(zip(widths, widths[1:], strict=False)):
        inputs = before + (widths[0] if k in residual else 0)
        layout |= {f"{name.format(k)}.weight": (after, inputs, 1), f"{name.format(k)}.bias": (after,)}
    return layout


def _conv(name, before, after, size):
    return {f"{name}.weight": (after, before, size, size), f"{name}.bias": (after,)}


def _norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _prefixed(prefix, layout):
    return {prefix + name: shape for name, shape in layout.items()}
