"""A small SpecFormer in eager PyTorch, in its published form: its tensors and its equations.

SPDX-License-Identifier: MIT

The tensors have the names that MolSpectra's checkpoints have for them. Everything is drawn from a
fixed seed, statistics of batch norms included, so that none of it is what a new module has.
"""

import torch
from torch.nn import functional

KINDS, POINTS = ("uv", "ir", "raman"), (701, 3501, 3501)
PATCHES, STRIDES = (40, 20, 25), (30, 400, 350)  # of UV they overlap, so that there are few
COUNTS = [(points - patch) // stride + 1
          for points, patch, stride in zip(POINTS, PATCHES, STRIDES)]
CHANNELS, HEADS, HIDDEN, LAYERS = 8, 4, 12, 2
OPTIONS = dict(spectra_model="SpecFormer", input_data_norm_type="log10", patch_len=list(PATCHES),
               stride=list(STRIDES), mask_ratios=[0.1, 0.1, 0.1], denoising_only=True)
MOLECULES = 2


def layerShapes():
    shapes = {f"self_attn.{name}": (CHANNELS, CHANNELS) for name in ("W_Q", "W_K", "W_V")}
    return shapes | {"self_attn.to_out.0": (CHANNELS, CHANNELS), "ff.0": (HIDDEN, CHANNELS),
                     "ff.3": (CHANNELS, HIDDEN)}


def drawWeights(outputs):
    """-> name: tensor"""
    generator = torch.Generator().manual_seed(11)
    tensors = {}

    def normal(name, *shape, scale=1.0, shift=0.0):
        tensors[name] = shift + scale * torch.randn(shape, generator=generator)

    def linear(name, rows, columns):
        normal(name + ".weight", rows, columns, scale=columns ** -0.5)
        normal(name + ".bias", rows, scale=0.1)

    def affine(name, size):
        normal(name + ".weight", size, scale=0.2, shift=1.0)
        normal(name + ".bias", size, scale=0.1)

    for number, (kind, count, patch) in enumerate(zip(KINDS, COUNTS, PATCHES)):
        linear(f"backbone.W_P.{number}", CHANNELS, patch)
        normal(f"backbone.W_pos_{kind}", count, CHANNELS, scale=0.3)
        linear(f"reconstruct_heads.{number}", patch, CHANNELS)
    for number in range(LAYERS):
        layer = f"backbone.encoder.layers.{number}."
        for name, (rows, columns) in layerShapes().items():
            linear(layer + name, rows, columns)
        tensors[layer + "self_attn.sdp_attn.scale"] = torch.tensor((CHANNELS // HEADS) ** -0.5)
        for norm in ("norm_attn.1", "norm_ffn.1"):
            affine(layer + norm, CHANNELS)
            normal(f"{layer}{norm}.running_mean", CHANNELS, scale=0.4)
            variance = torch.rand(CHANNELS, generator=generator)
            tensors[f"{layer}{norm}.running_var"] = 0.5 + variance
            tensors[f"{layer}{norm}.num_batches_tracked"] = torch.tensor(17)
    linear("head.linear", outputs, sum(COUNTS) * CHANNELS)
    affine("out_norm", outputs)
    return tensors


def intensities(kind):
    """Not negative [B,points], in double precision; the test has the same formula."""
    points = torch.arange(POINTS[kind], dtype=torch.double)
    rows = torch.arange(MOLECULES, dtype=torch.double).unsqueeze(1)
    return 20 * torch.sin(0.01 * (1 + kind + rows) * points + rows) ** 2


def masked(kind):
    """True [B,T] for the patches that are hidden; the test has the same formula."""
    places = torch.arange(COUNTS[kind]) + torch.arange(MOLECULES).unsqueeze(1)
    return (places + kind) % 4 == 0


def compute(tensors):
    """-> features [B,outputs] and the patches of each kind, with statistics as stored"""
    weights = {name: tensor.double() for name, tensor in tensors.items()}

    def linear(x, name):
        return functional.linear(x, weights[name + ".weight"], weights[name + ".bias"])

    def norm(x, name):
        statistics = weights[name + ".running_mean"], weights[name + ".running_var"]
        return functional.batch_norm(x.transpose(1, 2), *statistics, weights[name + ".weight"],
                                     weights[name + ".bias"]).transpose(1, 2)

    def heads(x, name):
        return linear(x, name).unflatten(-1, (HEADS, -1)).transpose(1, 2)

    tokens = []
    for number, kind in enumerate(KINDS):
        curve = torch.log10(intensities(number) + 1)
        patches = curve.unfold(1, PATCHES[number], STRIDES[number])
        patches = patches * ~masked(number).unsqueeze(2)
        tokens.append(linear(patches, f"backbone.W_P.{number}") + weights[f"backbone.W_pos_{kind}"])
    x, scores = torch.cat(tokens, 1), 0
    for number in range(LAYERS):
        layer = f"backbone.encoder.layers.{number}."
        query, key, value = (heads(x, f"{layer}self_attn.{name}") for name in ("W_Q", "W_K", "W_V"))
        scores = scores + query @ key.transpose(2, 3) * (CHANNELS // HEADS) ** -0.5
        mixed = (scores.softmax(3) @ value).transpose(1, 2).flatten(2)
        x = norm(x + linear(mixed, layer + "self_attn.to_out.0"), layer + "norm_attn.1")
        hidden = functional.gelu(linear(x, layer + "ff.0"))
        x = norm(x + linear(hidden, layer + "ff.3"), layer + "norm_ffn.1")
    features = functional.layer_norm(linear(x.flatten(1), "head.linear"),
                                     weights["out_norm.weight"].shape, weights["out_norm.weight"],
                                     weights["out_norm.bias"])
    values = {"specformer_features": features.numpy()}
    for number, part in enumerate(x.split(COUNTS, dim=1)):
        values[f"specformer_patches{number}"] = linear(part, f"reconstruct_heads.{number}").numpy()
    return values
