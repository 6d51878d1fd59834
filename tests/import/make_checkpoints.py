"""Small checkpoints that torchmd-net 3.1.0 writes itself, and what it computes with them.

SPDX-License-Identifier: MIT

    python make_checkpoints.py        # in the environment of requirements/peers.txt

Lightning's Trainer writes every file from the program's own module (LNNP), with weights drawn from
a fixed seed. Forms of earlier programs are made from it: keys are renamed to what they were before
version 2, the norms of Coord, MolSpectra and Frad, which the package does not have, are hung onto
its encoder, and their noise head is a second output model of the package. MolSpectra's SpecFormer
is that of specformer.py.

expected.npz holds energies, forces and noise in double precision from the weights as stored, and
what the SpecFormer gives.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import lightning  # noqa: E402
import numpy as np  # noqa: E402
import specformer  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torchmdnet.models.output_modules import EquivariantVectorOutput  # noqa: E402
from torchmdnet.module import LNNP  # noqa: E402
from torchmdnet.priors import Atomref  # noqa: E402
from torchmdnet.scripts.train import get_argparse  # noqa: E402

HERE = Path(__file__).parent
GEOMETRIES = HERE.parent / "golden" / "geometries.json"
MOLECULES = ("ethanol", "cluster")
LAYERS, EPSILON, MEAN, STD = 2, 1e-5, -97.25, 1.75
COMMON = dict(model="equivariant-transformer", embedding_dimension=12, num_layers=LAYERS,
              num_heads=3, num_rbf=6, max_z=10, max_num_neighbors=64, derivative=True,
              dataset="MD17", standardize=True)
SPECTRAL = dict(layernorm_on_vec="whitened", output_model_noise="VectorOutput",
                position_noise_scale=0.04)

# Name -> (options of the program, form)
CHECKPOINTS = {
    "smooth": (dict(neighbor_embedding=True, vector_cutoff=True), {}),
    "double": (dict(rbf_type="gauss", trainable_rbf=True, vector_cutoff=True, precision=64,
                    distance_influence="none", embedding_dimension=8, num_heads=2,
                    prior_model="Atomref"), {}),
    "lower-cutoff": (dict(cutoff_lower=1.0, vector_cutoff=True, distance_influence="values",
                          embedding_dimension=8, num_heads=2), {}),
    "historic": (dict(neighbor_embedding=True, distance_influence="keys", prior_model="Atomref"),
                 dict(old=True)),
    "coord": (dict(neighbor_embedding=True, **SPECTRAL), dict(old=True, last=True, noise=True)),
    "molspectra": (dict(neighbor_embedding=True, use_dataset_md17=False, embedding_dimension=8,
                        num_heads=2, **specformer.OPTIONS, **SPECTRAL),
                   dict(old=True, last=True, noise=True, norms="affine", spectra=True)),
    "frad": (dict(neighbor_embedding=True, md17=False, **SPECTRAL),
             dict(old=True, last=True, noise=True, norms="plain")),
}


class Whitening(nn.Module):
    """The published norm of vectors [N,3,F]: eps diag(1,2,3), then eps in the inverse root."""

    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))

    def forward(self, v):
        inner = v.double() - v.double().mean(-1, keepdim=True)
        start = torch.diag(torch.arange(1.0, 4.0, dtype=torch.double))
        covariance = inner @ inner.transpose(1, 2) / v.shape[-1] + EPSILON * start
        values, vectors = torch.linalg.eigh(covariance)
        root = vectors @ torch.diag_embed((values + EPSILON) ** -0.5) @ vectors.transpose(1, 2)
        return (root @ inner).to(v.dtype) * self.weight


def hangNorms(encoder, form, channels):
    """Adds the norms of a form; an encoder adds what its layers return to what it gave them."""
    if form.get("norms") == "affine":
        encoder.x_norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(LAYERS))
    if "norms" in form:
        encoder.vec_norms = nn.ModuleList(Whitening(channels) for _ in range(LAYERS))
        plain = nn.LayerNorm(channels, elementwise_affine=False)
        for number, layer in enumerate(encoder.attention_layers):
            def afterLayer(module, inputs, outputs, number=number):
                x, v = inputs[0], inputs[1]
                norm = encoder.x_norms[number] if form["norms"] == "affine" else plain
                return (norm(x + outputs[0]) - x,
                        encoder.vec_norms[number](v + outputs[1]) - v)
            layer.register_forward_hook(afterLayer)
    if form.get("last"):
        encoder.out_norm_vec = Whitening(channels)
        encoder.register_forward_hook(
            lambda module, inputs, outputs: (outputs[0], encoder.out_norm_vec(outputs[1]),
                                             *outputs[2:]))


def atomEnergies(count):
    prior = Atomref(max_z=count)
    energies = torch.zeros(count, 1)
    for element, energy in ((1, -0.6), (6, -38.1), (7, -54.7), (8, -75.2)):
        energies[element] = energy
    prior.initial_atomref.copy_(energies)
    prior.atomref.weight.data.copy_(energies)
    return prior


def makeModule(options, form):
    parameters = vars(get_argparse().parse_args([])) | COMMON | options
    for name in ("log_dir", "dataset_root"):
        parameters[name] = "."
    channels = parameters["embedding_dimension"]
    prior = [atomEnergies(parameters["max_z"])] if parameters["prior_model"] else None
    if prior:
        parameters["prior_args"] = [prior[0].get_init_args()]
    module = LNNP(parameters, prior, torch.tensor(MEAN), torch.tensor(STD))
    hangNorms(module.model.representation_model, form, channels)
    if form.get("noise"):
        module.model.output_model_noise = EquivariantVectorOutput(channels)
        module.model.register_buffer("pos_normalizer_acc_sum", torch.zeros(3))
    generator = torch.Generator().manual_seed(7)
    for name, parameter in module.named_parameters():
        if name.endswith(("bias", "norm.weight")) or "norm" in name:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data += 0.1 * noise.to(parameter.dtype)
        elif "prior" not in name and "distance_expansion" not in name:
            values = torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
            parameter.data.copy_(values if "embedding.weight" in name
                                 else values * parameter.shape[-1] ** -0.5)
    return module


def oldKeys(checkpoint, form):
    """A checkpoint as programs before torchmd-net 2 wrote it."""
    renamed = {}
    for key, value in checkpoint["state_dict"].items():
        if key.endswith("distance.box"):
            continue
        key = key.replace(".update_net.layers.", ".update_net.")
        key = key.replace("prior_model.0.", "prior_model.")
        key = key.replace("pos_normalizer_", "pos_normalizer.")
        renamed[key] = value.reshape(1) if key in ("model.mean", "model.std") else value
    if form.get("spectra"):
        channels = checkpoint["hyper_parameters"]["embedding_dimension"]
        for key, value in specformer.drawWeights(channels).items():
            renamed["model.representation_spec_model." + key] = value
    checkpoint["state_dict"] = type(checkpoint["state_dict"])(renamed)
    parameters = checkpoint["hyper_parameters"]
    if not form.get("last"):
        del parameters["vector_cutoff"]
        checkpoint["hyper_parameters"] = argparse.Namespace(**parameters)
    return checkpoint


def write(name, module, form):
    path = HERE / "data" / f"{name}.ckpt"
    trainer = lightning.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu",
                                devices=1, enable_progress_bar=False, enable_model_summary=False)
    trainer.strategy.connect(module)
    trainer.save_checkpoint(path, weights_only=True)
    if form.get("old"):
        checkpoint = torch.load(path, weights_only=False)
        torch.save(oldKeys(checkpoint, form), path)
    return path.stat().st_size


def compute(module, form, numbers, positions):
    """-> energy, forces [N,3] and, if the form has it, noise [N,3], in double precision"""
    model = module.model.double().eval()
    z, pos = torch.tensor(numbers), torch.tensor(positions, dtype=torch.double)
    energy, forces = model(z, pos)
    values = {"energy": np.array([energy.item()]), "forces": forces.detach().numpy()}
    if form.get("noise"):
        x, v, z, pos, batch = model.representation_model(z, pos, torch.zeros_like(z))
        noise = model.output_model_noise.pre_reduce(x, v, z, pos, batch)
        values["noise"] = noise.detach().numpy()
    return values


def main():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    (HERE / "data").mkdir(exist_ok=True)
    geometries = json.loads(GEOMETRIES.read_text())
    expected = {}
    for name, (options, form) in CHECKPOINTS.items():
        module = makeModule(options, form)
        size = write(name, module, form)
        for molecule in MOLECULES:
            entry = geometries[molecule]
            expected[f"{molecule}_z"] = np.array(entry["numbers"])
            expected[f"{molecule}_pos"] = np.array(entry["positions"])
            values = compute(module, form, entry["numbers"], entry["positions"])
            expected |= {f"{name}_{molecule}_{key}": value for key, value in values.items()}
            print(f"{name:14} {size:7} bytes  {molecule:8} {values['energy'][0]:14.8f}  largest "
                  f"force {np.abs(values['forces']).max():10.4f}", file=sys.stderr)
        if form.get("spectra"):
            weights = specformer.drawWeights(options["embedding_dimension"])
            expected |= specformer.compute(weights)
    np.savez(HERE / "data" / "expected.npz", **expected)


if __name__ == "__main__":
    main()
