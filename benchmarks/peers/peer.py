"""TorchMD-Net's own module with a model file's weights, as an OpenMM TorchForce, for worker.py.

SPDX-License-Identifier: MIT

Runs in the environment of requirements/peers.txt. The weights of the model file go by name into
TorchMD-Net's state dictionary; the scripted module gives energy and forces itself (float32).
"""

import importlib.util
import json
import sys
import types
from typing import Optional

import torch  # before openmmtorch, which needs libraries that torch brings
import openmmtorch

from common import GOLDEN

sys.path.insert(0, str(GOLDEN))
import torchmdnet_names  # noqa: E402

KILOJOULES = {"kcal/mol": 4.184, "kJ/mol": 1.0, "eV": 96.48533212331, "hartree": 2625.4996394799}
ANGSTROMS = 10.0  # in a nanometre

# Neighbors of an atom that TorchMD-Net has room for: all atoms of a molecule; in a liquid of
# 0.1 atoms/A^3, of which 52 lie within 5 A on average, more than twice as many.
FEWEST_NEIGHBORS, MOST_NEIGHBORS = 32, 128

# TorchMD-Net finds pairs by warp, a package of hundreds of megabytes. Where that is not installed,
# all pairs are listed, which changes nothing: those beyond the cutoff contribute nothing.
HAS_WARP = importlib.util.find_spec("warp") is not None


def readModel(path):
    """-> description (dict), tensors (name -> array)"""
    extra = {"molspectra.json": ""}
    module = torch.jit.load(str(path), map_location="cpu", _extra_files=extra)
    named = list(module.named_parameters()) + list(module.named_buffers())
    return (json.loads(extra["molspectra.json"]),
            {name: tensor.detach().double().numpy() for name, tensor in named})


def allPairs(atoms):
    """Every atom with every other [2,N(N-1)]."""
    first, second = torch.meshgrid(torch.arange(atoms), torch.arange(atoms), indexing="ij")
    different = first != second
    return torch.stack([first[different], second[different]])


class AllPairs(torch.nn.Module):
    """What TorchMD-Net's OptimizedDistance returns, with pairs of any length and self loops."""

    def __init__(self, atoms, box):
        super().__init__()
        pairs, own = allPairs(atoms), torch.arange(atoms)
        self.register_buffer("box", box)
        self.register_buffer("pairs", pairs)
        self.register_buffer("edges", torch.cat([pairs, own.expand(2, atoms)], 1))
        self.register_buffer("zeros", torch.zeros(atoms, 3))

    def forward(self, positions, batch: Optional[torch.Tensor] = None,
                box: Optional[torch.Tensor] = None):
        apart = positions[self.pairs[0]] - positions[self.pairs[1]]
        lengths = torch.cat([torch.linalg.vector_norm(apart, dim=1), self.zeros[:, 0]])
        return self.edges, lengths, torch.cat([apart, self.zeros])


def createModel(arguments, atoms):
    """torchmdnet.models.model.create_model, also where warp is not installed."""
    if HAS_WARP:
        from torchmdnet.models.model import create_model
        return create_model(arguments)
    if arguments["box_vecs"] is not None or not arguments["vector_cutoff"]:
        raise ValueError("benchmarking: listing all pairs asks for a molecule in vacuum and a "
                         "network with vectorCutoff; install warp-lang")
    sys.modules.setdefault("torchmdnet.extensions", types.ModuleType("torchmdnet.extensions"))
    operations = types.ModuleType("torchmdnet.extensions.ops")
    operations.get_neighbor_pairs_kernel = None  # never called
    sys.modules.setdefault("torchmdnet.extensions.ops", operations)
    from torchmdnet.models.model import create_model
    network = create_model(arguments)
    distance = network.representation_model.distance
    network.representation_model.distance = AllPairs(atoms, distance.box)
    return network


def makeNetwork(path, atoms, derivative=True, cell=None):
    """TorchMD-Net's module with the model file's weights, float32, and the description."""
    description, ours = readModel(path)
    config = description["config"]
    neighbors = min(max(atoms, FEWEST_NEIGHBORS), MOST_NEIGHBORS)
    network = createModel(torchmdnet_names.arguments(
        config, maxNeighbors=neighbors, box=None if cell is None else cell.tolist(), precision=32,
        derivative=derivative), atoms)
    state = {name: torch.tensor(values, dtype=torch.float32)
             for name, values in torchmdnet_names.stateDict(ours, config).items()}
    distance = {name: values for name, values in network.state_dict().items()
                if name.startswith("representation_model.distance.")}
    network.load_state_dict(state | distance)
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
    return "TorchMD-Net in openmm-torch" + ("" if HAS_WARP else ", all pairs listed"), "single"
