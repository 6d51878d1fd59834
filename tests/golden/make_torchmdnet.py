"""Dumps features, energies and forces of TorchMD-Net's equivariant transformer in float64.

SPDX-License-Identifier: MIT

    python make_torchmdnet.py        # in the environment of requirements/peers.txt
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import warnings  # noqa: E402

import torch  # noqa: E402
from torchmdnet.models.model import create_model  # noqa: E402

import golden  # noqa: E402
import torchmdnet_names  # noqa: E402
import weights  # noqa: E402


def makeNetwork(config, cell):
    box = None if cell is None else cell.tolist()
    network = create_model(torchmdnet_names.arguments(config, box=box))
    state = torchmdnet_names.stateDict(weights.allTensors(config), config)
    tensors = {name: torch.tensor(values, dtype=torch.float64) for name, values in state.items()}
    tensors["representation_model.distance.box"] = network.state_dict()[
        "representation_model.distance.box"]
    network.load_state_dict(tensors)  # strict: every name and shape has to fit
    return network.eval()


def listen(encoder):
    """Hooks that copy x and v between the layers; -> the dictionary they fill."""
    stages = {}

    def keep(name, values):
        stages[name] = values.detach().numpy().copy()

    def entering(number):
        def hook(module, inputs):
            keep("embedding" if number == 0 else f"layer{number - 1}_x", inputs[0])
            if number > 0:
                keep(f"layer{number - 1}_v", inputs[1])
        return hook

    def finished(module, inputs, outputs):
        keep("final_x", outputs[0])
        keep(f"layer{last}_v", outputs[1])

    last = len(encoder.attention_layers) - 1
    for number, layer in enumerate(encoder.attention_layers):
        layer.register_forward_pre_hook(entering(number))
    encoder.out_norm.register_forward_pre_hook(
        lambda module, inputs: keep(f"layer{last}_x", inputs[0]))
    encoder.register_forward_hook(finished)
    return stages


def dump(network, molecule):
    numbers, positions, cell = golden.geometry(molecule)
    config = weights.configuration(**golden.TORCHMDNET[network][0])
    model = makeNetwork(config, cell)
    stages = listen(model.representation_model)
    energy, forces = model(torch.tensor(numbers), torch.tensor(positions))
    golden.writeDump(network, molecule, stages, energy.item(), forces.detach().numpy())
    print(f"{network:24} {molecule:10} {len(numbers):3} atoms  energy {energy.item():20.12f}  "
          f"largest force {forces.abs().max().item():10.4f}")


def main():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Skipping gradients")  # the atom without neighbors
    for network, (_, molecules) in golden.TORCHMDNET.items():
        for molecule in molecules:
            dump(network, molecule)
    golden.writeIndex()


if __name__ == "__main__":
    main()
