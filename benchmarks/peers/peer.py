"""TorchMD-Net's own module with a model file's weights, as an OpenMM TorchForce, for worker.py.

SPDX-License-Identifier: MIT

Runs in the environment of requirements/peers.txt. The weights of the model file go by name into
TorchMD-Net's state dictionary; the scripted module gives energy and forces itself (float32).
"""

import json
import sys

import torch  # before openmmtorch, which needs libraries that torch brings
import openmmtorch
from torchmdnet.models.model import create_model

from common import GOLDEN

sys.path.insert(0, str(GOLDEN))
import torchmdnet_names  # noqa: E402

KILOJOULES = {"kcal/mol": 4.184, "kJ/mol": 1.0, "eV": 96.48533212331, "hartree": 2625.4996394799}
ANGSTROMS = 10.0  # in a nanometre

# Neighbors of an atom that TorchMD-Net has room for: all atoms of a molecule; in a liquid of
# 0.1 atoms/A^3, of which 52 lie within 5 A on average, more than twice as many.
FEWEST_NEIGHBORS, MOST_NEIGHBORS = 32, 128


def readModel(path):
    """-> description (dict), tensors (name -> array)"""
    extra = {"molspectra.json": ""}
    module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    named = list(module.named_parameters()) + list(module.named_buffers())
    return (json.loads(extra["molspectra.json"]),
            {name: tensor.detach().double().numpy() for name, tensor in named})


def makeNetwork(path, atoms, derivative=True, cell=None):
    """TorchMD-Net's module with the model file's weights, float32, and the description."""
    description, ours = readModel(path)
    config = description["config"]
    neighbors = min(max(atoms, FEWEST_NEIGHBORS), MOST_NEIGHBORS)
    network = create_model(torchmdnet_names.arguments(
        config, maxNeighbors=neighbors, box=None if cell is None else cell.tolist(), precision=32,
        derivative=derivative))
    state = {name: torch.tensor(values, dtype=torch.float32)
             for name, values in torchmdnet_names.stateDict(ours, config).items()}
    box = "representation_model.distance.box"
    network.load_state_dict(state | {box: network.state_dict()[box]})
    return network, description


class InOpenmmUnits(torch.nn.Module):
    """positions [N,3] nm -> energy kJ/mol, forces [N,3] kJ/mol/nm"""

    def __init__(self, network, numbers, kilojoules: float):
        super().__init__()
        self.network = network
        self.kilojoules = kilojoules
        self.angstroms = ANGSTROMS
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.long))
        self.register_buffer("batch", torch.zeros(len(numbers), dtype=torch.long))

    def forward(self, positions):
        scaled = (positions * self.angstroms).to(torch.float32)
        energy, forces = self.network(self.numbers, scaled, self.batch)
        return energy * self.kilojoules, forces * (self.kilojoules * self.angstroms)


def makeForce(model, numbers, cell, platform):
    """The box is fixed in the network, as TorchMD-Net has it."""
    network, description = makeNetwork(model, len(numbers), cell=cell)
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    wrapped = InOpenmmUnits(network.eval(), numbers, KILOJOULES[description["energyUnit"]])
    force = openmmtorch.TorchForce(torch.jit.script(wrapped))
    force.setOutputsForces(True)
    return force


def describe(force, context):
    """-> what evaluates the network, and its precision"""
    return "TorchMD-Net in openmm-torch", "single"
