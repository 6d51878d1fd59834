"""Names, shapes and deterministic values of the network's tensors, by one rule in Python and C++.

SPDX-License-Identifier: MIT

The golden files hold no weights: value n of the tensor called s is drawn from a splitmix64 stream
whose seed is the FNV-1a hash of s, so any language makes the same ones in a few lines.
"""

import numpy as np

MASK = (1 << 64) - 1
GOLDEN_GAMMA = 0x9E3779B97F4A7C15
EMBEDDING_BOUND = 1.7
VECTOR_BOUND = 0.1
ENERGY_SCALE = 2.5

DEFAULTS = dict(channels=128, layers=6, heads=8, radialFunctions=32, radialType="expnorm",
                trainableRadial=False, cutoffLower=0.0, cutoff=5.0, elements=100,
                neighborEmbedding=True, distanceInfluence="both", vectorCutoff=True,
                layerNorms=False, vectorNorm="none", noiseHead=False)


def configuration(**changes):
    """All keys of core/ModelConfig.h, with the MD17 setting as default."""
    unknown = set(changes) - set(DEFAULTS)
    if unknown:
        raise KeyError(f"unknown options: {sorted(unknown)}")
    return {**DEFAULTS, **changes}


def filterBlocks(config):
    """How many blocks of F rows the distance filter has: Dk | Dv0 | Dv1 | Dv2 or a part of them."""
    return {"both": 4, "keys": 1, "values": 3, "none": 0}[config["distanceInfluence"]]


def _layerShapes(config, prefix):
    F, K = config["channels"], config["radialFunctions"]
    shapes = {"norm_weight": (F,), "norm_bias": (F,),
              "project_weight": (5 * F, F), "project_bias": (5 * F,)}
    blocks = filterBlocks(config)
    if blocks:
        shapes |= {"filter_weight": (blocks * F, K), "filter_bias": (blocks * F,)}
    shapes |= {"vector_weight": (3 * F, F),
               "output_weight": (3 * F, F), "output_bias": (3 * F,)}
    if config["layerNorms"]:
        shapes |= {"scalar_norm_weight": (F,), "scalar_norm_bias": (F,),
                   "vector_norm.weight": (F,)}
    return {prefix + name: shape for name, shape in shapes.items()}


def _headShapes(F):
    half = F // 2
    first = {"length_weight": (F, F), "direction_weight": (half, F),
             "hidden_weight": (F, 2 * F), "hidden_bias": (F,),
             "output_weight": (2 * half, F), "output_bias": (2 * half,)}
    second = {"length_weight": (half, half), "hidden_weight": (half, 2 * half),
              "hidden_bias": (half,), "output_weight": (1, half), "output_bias": (1,)}
    return {f"energy.block{n}.{name}": shape
            for n, block in enumerate((first, second)) for name, shape in block.items()}


def parameterShapes(config):
    """Name -> shape of every drawn tensor (all but radial.* and energy_scale)."""
    F, K, elements = config["channels"], config["radialFunctions"], config["elements"]
    shapes = {"embedding_weight": (elements, F)}
    if config["neighborEmbedding"]:
        shapes |= {"neighbor.embedding_weight": (elements, F),
                   "neighbor.filter_weight": (F, K), "neighbor.filter_bias": (F,),
                   "neighbor.combine_weight": (F, 2 * F), "neighbor.combine_bias": (F,)}
    for layer in range(config["layers"]):
        shapes |= _layerShapes(config, f"layer{layer}.")
    shapes |= {"norm_weight": (F,), "norm_bias": (F,)}
    if config["vectorNorm"] != "none":
        shapes["vector_norm.weight"] = (F,)
    return shapes | _headShapes(F)


def nameHash(name):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniforms(name, count):
    """The first `count` numbers in (0, 1) of the stream of a tensor's name."""
    with np.errstate(over="ignore"):
        z = np.uint64(nameHash(name)) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            GOLDEN_GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def drawn(name, shape):
    """Values of one tensor, float64."""
    if name.endswith("embedding_weight"):
        bound = EMBEDDING_BOUND
    elif len(shape) == 2:
        bound = np.sqrt(6.0 / (shape[0] + shape[1]))
    else:
        bound = VECTOR_BOUND
    centre = 1.0 if name.endswith(("norm_weight", "norm.weight")) else 0.0
    values = centre + bound * (2.0 * uniforms(name, int(np.prod(shape))) - 1.0)
    return values.reshape(shape)


def radialTensors(config):
    """Centres and widths of the radial functions, by formula in float64."""
    lower, upper, count = config["cutoffLower"], config["cutoff"], config["radialFunctions"]
    if config["radialType"] == "gauss":
        spacing = (upper - lower) / (count - 1)
        return {"radial.offsets": np.linspace(lower, upper, count),
                "radial.coefficient": np.array([-0.5 / spacing**2])}
    start = np.exp(lower - upper)
    return {"radial.means": np.linspace(start, 1.0, count),
            "radial.betas": np.full(count, (2.0 / count * (1.0 - start)) ** -2)}


def allTensors(config):
    """Name -> float64 array of every tensor of the network."""
    tensors = {name: drawn(name, shape) for name, shape in parameterShapes(config).items()}
    return tensors | radialTensors(config) | {"energy_scale": np.array(ENERGY_SCALE)}
