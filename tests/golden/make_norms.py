"""The whole forward pass in plain NumPy, and the golden files of the networks with norms.

SPDX-License-Identifier: MIT

    python make_norms.py        # needs numpy alone; run make_torchmdnet.py first

An implementation of its own: it reads our tensors by our names and shares no code with a network
library. It must first reproduce every TorchMD-Net dump; only then does it write those with norms.
"""

import numpy as np

import golden
import weights

EPSILON_SCALARS = 1e-5
EPSILON_VECTORS = 1e-5
# Two float64 programs that sum in different orders; the features are of order one to ten.
AGREEMENT = 1e-12


def silu(x):
    return x / (1.0 + np.exp(-x))


def layerNorm(x, weight, bias):
    centred = x - x.mean(1, keepdims=True)
    variance = (centred**2).mean(1, keepdims=True)
    return centred / np.sqrt(variance + EPSILON_SCALARS) * weight + bias


def whiten(v, weight, kind):
    """v [N,3,F] times the inverse square root of its covariance over channels, for each atom."""
    first = [1.0, 2.0, 3.0] if kind == golden.ANISOTROPIC else [2.0, 2.0, 2.0]
    centred = v - v.mean(2, keepdims=True)
    covariance = centred @ centred.transpose(0, 2, 1) / v.shape[2]
    values, axes = np.linalg.eigh(covariance + EPSILON_VECTORS * np.diag(first))
    root = (axes / np.sqrt(values + EPSILON_VECTORS)[:, None, :]) @ axes.transpose(0, 2, 1)
    return root @ centred * weight


def images(cell, cutoff):
    """Lattice vectors that can bring a pair of wrapped atoms within the cutoff."""
    if cell is None:
        return np.zeros((1, 3))
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = (np.ceil(cutoff / heights) + 1).astype(int)
    counts = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), -1)
    return counts.reshape(-1, 3) @ cell


def findPairs(positions, cutoff, cell):
    """-> receiver i [P], sender j [P], x_j - x_i [P,3]; then every atom with itself at zero."""
    if cell is not None:
        fractions = positions @ np.linalg.inv(cell)
        positions = (fractions - np.floor(fractions)) @ cell
    shifts = images(cell, cutoff)
    delta = positions[None, :, None] - positions[:, None, None] + shifts
    squared = (delta**2).sum(-1)
    inside = squared < cutoff**2
    own = np.arange(len(positions))
    inside[own, own] &= (shifts**2).sum(-1) > 0
    receiver, sender, image = np.nonzero(inside)
    return (np.concatenate([receiver, own]), np.concatenate([sender, own]),
            np.concatenate([delta[receiver, sender, image], np.zeros((len(own), 3))]))


def cutoffFunction(r, cutoff):
    return np.where(r < cutoff, 0.5 * (np.cos(np.pi * r / cutoff) + 1.0), 0.0)


def summed(values, index, atoms):
    total = np.zeros((atoms,) + values.shape[1:])
    np.add.at(total, index, values)
    return total


class Network:
    """One configuration with the deterministic weights, on one geometry."""

    def __init__(self, config, numbers, positions, cell):
        if config["cutoffLower"] != 0.0:
            raise ValueError("this transcription starts its radial functions at zero")
        self.config, self.numbers, self.tensors = config, numbers, weights.allTensors(config)
        self.receiver, self.sender, displacement = findPairs(positions, config["cutoff"], cell)
        r = np.linalg.norm(displacement, axis=1)
        self.direction = displacement / np.where(r > 0, r, 1.0)[:, None]
        self.phi = cutoffFunction(r, config["cutoff"])
        self.radial = self.radialFunctions(r)

    def radialFunctions(self, r):
        t = self.tensors
        if self.config["radialType"] == "gauss":
            return np.exp(t["radial.coefficient"] * (r[:, None] - t["radial.offsets"])**2)
        alpha = 5.0 / self.config["cutoff"]
        decay = np.exp(-alpha * r)[:, None] - t["radial.means"]
        return self.phi[:, None] * np.exp(-t["radial.betas"] * decay**2)

    def linear(self, x, name):
        return x @ self.tensors[name + "_weight"].T + self.tensors[name + "_bias"]

    def neighborEmbedding(self, x):
        others = self.receiver != self.sender
        # In a cell an atom may neighbor its own image; the self pair alone has no direction.
        others |= (self.direction**2).sum(1) > 0
        filters = self.linear(self.radial[others], "neighbor.filter") * self.phi[others, None]
        table = self.tensors["neighbor.embedding_weight"]
        sent = table[self.numbers[self.sender[others]]] * filters
        n = summed(sent, self.receiver[others], len(x))
        return self.linear(np.concatenate([x, n], 1), "neighbor.combine")

    def filters(self, layer):
        """-> Dk [P,F] and Dv0, Dv1, Dv2 [3,P,F]; ones where distances have no influence"""
        F, influence = self.config["channels"], self.config["distanceInfluence"]
        keys, values = np.ones((len(self.phi), F)), np.ones((3, len(self.phi), F))
        if influence == "none":
            return keys, values
        rows = silu(self.linear(self.radial, f"layer{layer}.filter"))
        blocks = rows.reshape(len(self.phi), -1, F).transpose(1, 0, 2)
        if influence in ("keys", "both"):
            keys, blocks = blocks[0], blocks[1:]
        return keys, (values if influence == "keys" else blocks)

    def messages(self, layer, h, v):
        """-> m [N,F] and w [N,3,F], summed over the pairs of every receiver"""
        F, heads, smooth = (self.config[key] for key in ("channels", "heads", "vectorCutoff"))
        q, k, *s = np.split(self.linear(h, f"layer{layer}.project"), 5, axis=1)
        keys, values = self.filters(layer)
        product = q[self.receiver] * k[self.sender] * keys
        weight = silu(product.reshape(-1, heads, F // heads).sum(2)) * self.phi[:, None]
        weight = np.repeat(weight, F // heads, axis=1)
        s0, s1, s2 = (part[self.sender] * filters for part, filters in zip(s, values))
        if smooth:
            s1, s2 = s1 * self.phi[:, None], s2 * self.phi[:, None]
        w = v[self.sender] * s1[:, None] + self.direction[:, :, None] * s2[:, None]
        return summed(weight * s0, self.receiver, len(h)), summed(w, self.receiver, len(h))

    def layer(self, layer, x, v):
        t, prefix = self.tensors, f"layer{layer}."
        h = layerNorm(x, t[prefix + "norm_weight"], t[prefix + "norm_bias"])
        m, w = self.messages(layer, h, v)
        u1, u2, u3 = np.split(v @ t[prefix + "vector_weight"].T, 3, axis=2)
        o1, o2, o3 = np.split(self.linear(m, prefix + "output"), 3, axis=1)
        x = x + (u1 * u2).sum(1) * o2 + o3
        v = v + u3 * o1[:, None] + w
        if self.config["layerNorms"]:
            x = layerNorm(x, t[prefix + "scalar_norm_weight"], t[prefix + "scalar_norm_bias"])
            v = whiten(v, t[prefix + "vector_norm.weight"], self.config["vectorNorm"])
        return x, v

    def encode(self):
        """-> features after the embedding, after every layer (and its norms), and the last ones"""
        x = self.tensors["embedding_weight"][self.numbers]
        if self.config["neighborEmbedding"]:
            x = self.neighborEmbedding(x)
        v = np.zeros((len(x), 3, x.shape[1]))
        stages = {"embedding": x}
        for layer in range(self.config["layers"]):
            x, v = self.layer(layer, x, v)
            stages |= {f"layer{layer}_x": x, f"layer{layer}_v": v}
        x = layerNorm(x, self.tensors["norm_weight"], self.tensors["norm_bias"])
        stages["final_x"] = x
        if self.config["vectorNorm"] != "none":
            v = whiten(v, self.tensors["vector_norm.weight"], self.config["vectorNorm"])
            stages["final_v"] = v
        return stages, x, v

    def energy(self, x, v):
        for block in range(2):
            prefix = f"energy.block{block}."
            length = np.linalg.norm(v @ self.tensors[prefix + "length_weight"].T, axis=1)
            hidden = silu(self.linear(np.concatenate([x, length], 1), prefix + "hidden"))
            output = self.linear(hidden, prefix + "output")
            if block == 0:
                s, gate = np.split(output, 2, axis=1)
                direction = self.tensors[prefix + "direction_weight"]
                x, v = silu(s), v @ direction.T * gate[:, None]
        return float(self.tensors["energy_scale"] * output.sum())


def evaluate(options, molecule):
    stages, x, v = (network := Network(weights.configuration(**options),
                                       *golden.geometry(molecule))).encode()
    return stages, network.energy(x, v)


def check(network, molecule):
    """Compares with TorchMD-Net's dump, relative to the largest entry of each array."""
    stages, energy = evaluate(golden.TORCHMDNET[network][0], molecule)
    dump = np.load(golden.DATA / golden.dumpName(network, molecule))
    ours = golden.thinned(stages) | {"energy": np.array([energy])}
    missing = set(dump.files) - set(ours) - {"z", "pos", "cell", "stride", "forces"}
    worst = max(np.abs(ours[name] - dump[name]).max() / max(1.0, np.abs(dump[name]).max())
                for name in ours)
    print(f"{network:24} {molecule:10} largest relative difference {worst:.1e}")
    if missing or not worst < AGREEMENT:
        raise SystemExit(f"{network} on {molecule}: differs by {worst:.1e}, missing {missing}")


def main():
    for network, (_, molecules) in golden.TORCHMDNET.items():
        for molecule in molecules:
            check(network, molecule)
    for network, (options, molecules) in golden.NORMS.items():
        for molecule in molecules:
            stages, energy = evaluate(options, molecule)
            golden.writeDump(network, molecule, stages, energy)
            print(f"{network:28} {molecule:10} energy {energy:20.12f}")
    golden.writeIndex()


if __name__ == "__main__":
    main()
