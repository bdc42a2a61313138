# SPDX-License-Identifier: GPL-3.0-or-later
"""The published networks by definition: plain functions of the tensors, each point worked out on its own."""

import torch
import torch.nn.functional as F


class Part:
    """The tensors under a prefix."""

    def __init__(self, state, prefix=""):
        self.state, self.prefix = state, prefix

    def __getitem__(self, name):
        return Part(self.state, f"{self.prefix}{name}.")

    def has(self, name):
        return f"{self.prefix}{name}.weight" in self.state

    def conv(self, name, x, **options):
        convolve = {3: F.conv1d, 4: F.conv2d}[self.state[f"{self.prefix}{name}.weight"].ndim]
        return convolve(x, *self._both(name), **options)

    def up(self, name, x):
        return F.conv_transpose2d(x, *self._both(name), stride=2, padding=1, output_padding=1)

    def norm(self, name, x):
        return F.group_norm(x, 32, *self._both(name), eps=1e-5)

    def _both(self, name):
        return self.state[f"{self.prefix}{name}.weight"], self.state.get(f"{self.prefix}{name}.bias")


def normals(net, image):
    """A normal generator; `net`: Part of netF or netB."""
    net = net["model"]

    def around(x, by):
        return F.pad(x, (by,) * 4, mode="reflect")

    x = F.relu(F.instance_norm(net.conv("1", around(image, 3))))
    for i in (4, 7, 10, 13):
        x = F.relu(F.instance_norm(net.conv(i, x, stride=2, padding=1)))
    for i in range(16, 25):
        block = net[i]["conv_block"]
        y = F.relu(F.instance_norm(block.conv("1", around(x, 1))))
        x = x + F.instance_norm(block.conv("5", around(y, 1)))
    for i in (25, 28, 31, 34):
        x = F.relu(F.instance_norm(net.up(i, x)))
    return torch.tanh(net.conv("38", around(x, 3)))


def color_features(net, image):
    """net_C's image filter."""
    net = net["model"]

    def around(x, by):
        return F.pad(x, (by,) * 4, mode="reflect")

    x = F.relu(net.norm("2", net.conv("1", around(image, 3))))
    x = F.relu(net.norm("5", net.conv("4", x, stride=2, padding=1)))
    x = F.relu(net.norm("8", net.conv("7", x, stride=2, padding=1)))
    for i in range(10, 16):
        block = net[i]["conv_block"]
        y = block.conv("5", around(F.relu(block.norm("2", block.conv("1", around(x, 1)))), 1))
        x = x + (block.norm("6", y) if i < 15 else y)
    return x


def hourglass_features(net, image, stacks, depth, pool):
    """The last stack's map of an hourglass filter."""
    x = _block(net["conv2"], F.relu(net.norm("bn1", net.conv("conv1", image, stride=2, padding=3))))
    x = F.avg_pool2d(x, 2) if pool else x
    x = _block(net["conv4"], _block(net["conv3"], x))
    for i in range(stacks):
        h = _block(net[f"top_m_{i}"], _hourglass(net[f"m{i}"], depth, x))
        h = F.relu(net.norm(f"bn_end{i}", net.conv(f"conv_last{i}", h)))
        out = net.conv(f"l{i}", h)
        if i < stacks - 1:
            x = x + net.conv(f"bl{i}", h) + net.conv(f"al{i}", out)
    return out


def _hourglass(net, level, x):
    high = _block(net[f"b1_{level}"], x)
    low = _block(net[f"b2_{level}"], F.avg_pool2d(x, 2))
    low = _hourglass(net, level - 1, low) if level > 1 else _block(net["b2_plus_1"], low)
    low = _block(net[f"b3_{level}"], low)
    return high + F.interpolate(low, scale_factor=2, mode="bicubic", align_corners=True)


def _block(net, x):
    a = net.conv("conv1", F.relu(net.norm("bn1", x)), padding=1)
    b = net.conv("conv2", F.relu(net.norm("bn2", a)), padding=1)
    c = net.conv("conv3", F.relu(net.norm("bn3", b)), padding=1)
    rest = net.conv("downsample.2", F.relu(net.norm("downsample.0", x))) if net.has("downsample.2") else x
    return torch.cat([a, b, c], 1) + rest


def at_pixels(features, points):
    """(1, C, N) samples of a map at `points (N, 3)`."""
    grid = torch.stack([points[:, 0], -points[:, 1]], -1)[None, :, None]
    return F.grid_sample(features, grid, mode="bilinear", padding_mode="zeros", align_corners=True)[..., 0]


def point_input(features, points):
    """Image features and scaled depth, (1, C + 1, N)."""
    return torch.cat([at_pixels(features, points), points[:, 2].view(1, 1, -1) * (512 // 2) / 200.0], 1)


def mlp(net, names, given, residual):
    """Outputs of every layer, activated but for the last's."""
    outputs, x = [], given
    count = sum(net.has(names.format(k)) for k in range(9))
    for k in range(count):
        x = net.conv(names.format(k), torch.cat([x, given], 1) if k in residual else x)
        x = F.leaky_relu(x, 0.01) if k < count - 1 else x
        outputs.append(x)
    return outputs


def inside(points, axes):
    return (points[:, :axes].abs() <= 1).all(1)


class PIFuHD:
    def __init__(self, state, small, large):
        net = Part(state)
        self.front, self.back = (normals(net["netG"][name], small) for name in ("netF", "netB"))
        self.coarse = hourglass_features(
            net["netG"]["image_filter"], torch.cat([small, self.front, self.back], 1), stacks=4, depth=2, pool=True
        )
        drawn = torch.cat([self.front, self.back], 1)
        drawn = F.interpolate(drawn, large.shape[-2:], mode="bilinear", align_corners=True)
        self.fine = hourglass_features(net["image_filter"], torch.cat([large, drawn], 1), stacks=1, depth=4, pool=False)
        self.net = net

    def occupancy(self, points):
        phi = mlp(self.net["netG"]["mlp"], "filters.{}", point_input(self.coarse, points), {2, 3, 4})[2]
        logits = mlp(self.net["mlp"], "filters.{}", torch.cat([at_pixels(self.fine, points), phi], 1), {1, 2})[-1]
        return torch.sigmoid(logits)[0, 0] * inside(points, 2)


class PIFu:
    def __init__(self, net_g, net_c, image):
        self.g, self.c = Part(net_g), Part(net_c)
        self.features = hourglass_features(self.g["image_filter"], image, stacks=4, depth=2, pool=True)
        self.color_features = torch.cat([self.features, color_features(self.c["image_filter"], image)], 1)

    def occupancy(self, points):
        logits = mlp(self.g["surface_classifier"], "conv{}", point_input(self.features, points), {1, 2, 3, 4})[-1]
        return torch.sigmoid(logits)[0, 0] * inside(points, 2)

    def color(self, points):
        given = point_input(self.color_features, points)
        return torch.tanh(mlp(self.c["surface_classifier"], "conv{}", given, {1, 2, 3, 4})[-1])[0].T * 0.5 + 0.5
