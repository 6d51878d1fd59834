"""Carries the network's tensors over to TorchMD-Net 3.x: its names, its row order, its arguments.

SPDX-License-Identifier: MIT

Works on NumPy arrays and needs neither package. The one thing that is not a renaming: TorchMD-Net
orders the rows of its value projections [head][3][F/H], ours are three blocks of F.
"""

import numpy as np


def arguments(config, maxNeighbors=64, box=None, precision=64, derivative=True):
    """Arguments of torchmdnet.models.model.create_model for a configuration without norms."""
    if config["layerNorms"] or config["vectorNorm"] != "none":
        raise ValueError("TorchMD-Net has no norms after layers and none on vectors")
    return dict(
        model="equivariant-transformer", embedding_dimension=config["channels"],
        num_layers=config["layers"], num_rbf=config["radialFunctions"],
        rbf_type=config["radialType"], trainable_rbf=config["trainableRadial"],
        activation="silu", attn_activation="silu", neighbor_embedding=config["neighborEmbedding"],
        num_heads=config["heads"], distance_influence=config["distanceInfluence"],
        cutoff_lower=config["cutoffLower"], cutoff_upper=config["cutoff"],
        max_z=config["elements"], max_num_neighbors=maxNeighbors,
        vector_cutoff=config["vectorCutoff"], box_vecs=box, derivative=derivative, atom_filter=-1,
        prior_model=None, output_model="Scalar", reduce_op="sum", precision=precision)


def headMajor(blocks, heads):
    """Rows [3][H][F/H] -> [H][3][F/H], for a weight [3F, columns] or a bias [3F]."""
    shape = (3, heads, blocks.shape[0] // (3 * heads)) + blocks.shape[1:]
    return np.ascontiguousarray(blocks.reshape(shape).swapaxes(0, 1)).reshape(blocks.shape)


def _filterPart(ours, prefix, kind, part, config):
    F, influence = config["channels"], config["distanceInfluence"]
    rows = ours[f"{prefix}filter_{kind}"]
    if part == "keys":
        return rows[:F]
    return headMajor(rows[F:] if influence == "both" else rows, config["heads"])


def _layerState(ours, layer, config):
    F, influence = config["channels"], config["distanceInfluence"]
    prefix, state = f"layer{layer}.", {}
    for kind in ("weight", "bias"):
        project = ours[f"{prefix}project_{kind}"]
        state |= {f"layernorm.{kind}": ours[f"{prefix}norm_{kind}"],
                  f"q_proj.{kind}": project[:F], f"k_proj.{kind}": project[F:2 * F],
                  f"v_proj.{kind}": headMajor(project[2 * F:], config["heads"]),
                  f"o_proj.{kind}": ours[f"{prefix}output_{kind}"]}
        if influence in ("keys", "both"):
            state[f"dk_proj.{kind}"] = _filterPart(ours, prefix, kind, "keys", config)
        if influence in ("values", "both"):
            state[f"dv_proj.{kind}"] = _filterPart(ours, prefix, kind, "values", config)
    state["vec_proj.weight"] = ours[f"{prefix}vector_weight"]
    return {f"representation_model.attention_layers.{layer}.{name}": values
            for name, values in state.items()}


def _embeddingState(ours, config):
    state = {"embedding.weight": ours["embedding_weight"],
             "out_norm.weight": ours["norm_weight"], "out_norm.bias": ours["norm_bias"]}
    if config["radialType"] == "gauss":
        state |= {"distance_expansion.offset": ours["radial.offsets"],
                  "distance_expansion.coeff": ours["radial.coefficient"].reshape(())}
    else:
        state |= {f"distance_expansion.{name}": ours[f"radial.{name}"]
                  for name in ("means", "betas")}
    if config["neighborEmbedding"]:
        state["neighbor_embedding.embedding.weight"] = ours["neighbor.embedding_weight"]
        for kind in ("weight", "bias"):
            state |= {f"neighbor_embedding.distance_proj.{kind}": ours[f"neighbor.filter_{kind}"],
                      f"neighbor_embedding.combine.{kind}": ours[f"neighbor.combine_{kind}"]}
    return {"representation_model." + name: values for name, values in state.items()}


def _headState(ours, config):
    """The last block's gate rows and direction weights never reach an energy: they are zero."""
    state = {}
    for block in range(2):
        prefix = f"energy.block{block}."
        state |= {f"{block}.vec1_proj.weight": ours[prefix + "length_weight"]}
        for kind in ("weight", "bias"):
            output = ours[f"{prefix}output_{kind}"]
            if block == 1:
                output = np.concatenate([output, np.zeros_like(output)])
            state |= {f"{block}.update_net.layers.0.{kind}": ours[f"{prefix}hidden_{kind}"],
                      f"{block}.update_net.layers.2.{kind}": output}
    state["0.vec2_proj.weight"] = ours["energy.block0.direction_weight"]
    state["1.vec2_proj.weight"] = np.zeros((1, config["channels"] // 2))
    return {"output_model.output_network." + name: values for name, values in state.items()}


def stateDict(ours, config):
    """TorchMD-Net's state dictionary (without its box buffer) from our tensors, as arrays."""
    state = _embeddingState(ours, config)
    for layer in range(config["layers"]):
        state |= _layerState(ours, layer, config)
    state |= _headState(ours, config)
    return state | {"mean": np.zeros(()), "std": np.asarray(ours["energy_scale"])}
