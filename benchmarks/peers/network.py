"""This project's own network, as TorchScript, in an OpenMM TorchForce, for worker.py.

SPDX-License-Identifier: MIT

Runs in the environment of requirements/peers.txt. Every pair of atoms is listed, near or far: sizes
that never change are what a CUDA graph needs, and pairs beyond the cutoff contribute nothing.
"""

import torch  # before openmmtorch, which needs libraries that torch brings
import openmmtorch

import peer


class AllPairsEnergy(torch.nn.Module):
    """positions [N,3] nm -> energy kJ/mol, without the offset"""

    def __init__(self, network, numbers, kilojoules: float):
        super().__init__()
        self.network = network
        self.kilojoules = kilojoules
        self.angstroms = peer.ANGSTROMS
        pairs = peer.allPairs(len(numbers))
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.long))
        self.register_buffer("molecule", torch.zeros(len(numbers), dtype=torch.long))
        self.register_buffer("pairs", pairs)
        self.register_buffer("shifts", torch.zeros(pairs.size(1), 3))

    def forward(self, positions):
        scaled = (positions * self.angstroms).to(torch.float32)
        energies = self.network(self.numbers, scaled, self.pairs, self.shifts, self.molecule, 1)
        return energies[0] * self.kilojoules


def makeForce(model, numbers, cell, platform, graph=False):
    """@param graph  whether openmm-torch replays a CUDA graph"""
    if cell is not None:
        raise ValueError("benchmarking: the network in openmm-torch lists no periodic images")
    description, _ = peer.readModel(model)
    network = torch.jit.load(str(model), map_location="cpu").eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    kilojoules = peer.KILOJOULES[description["energyUnit"]]
    wrapped = AllPairsEnergy(network, numbers, kilojoules).eval()
    force = openmmtorch.TorchForce(torch.jit.script(wrapped))
    if graph:
        force.setProperty("useCUDAGraphs", "true")
    return force


def describe(force, context):
    """-> what evaluates the network, and its precision"""
    graph = dict(force.getProperties()).get("useCUDAGraphs") == "true"
    how = "with" if graph else "without"
    return f"this network in openmm-torch, {how} CUDA graph", "single"
