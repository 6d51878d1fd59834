"""SpecFormer in eager PyTorch, in its published form, for the peer.

SPDX-License-Identifier: MIT

Patches of UV, IR and Raman, a tenth of them zeroed; a transformer with residual attention and batch
norms; a linear map of all tokens to one vector; a reconstruction of the patches that were zeroed.
"""

import torch
from torch import nn
from torch.nn import functional

POINTS, PATCHES, STRIDES = (701, 3501, 3501), (20, 50, 50), (10, 25, 25)
MASK_RATIO = 0.1
TEMPERATURE = 0.07


class Attention(nn.Module):
    """Attention whose scores [B,H,T,T] are handed on and added to the next layer's."""

    def __init__(self, channels, heads):
        super().__init__()
        self.heads, self.scale = heads, (channels // heads) ** -0.5
        self.query, self.key, self.value, self.output = (nn.Linear(channels, channels)
                                                         for _ in range(4))

    def split(self, tokens):
        return tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, tokens, earlier):
        query, key, value = (self.split(map(tokens)) for map in (self.query, self.key, self.value))
        scores = query @ key.transpose(-2, -1) * self.scale
        if earlier is not None:
            scores = scores + earlier
        mixed = (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)
        return self.output(mixed), scores


class Layer(nn.Module):
    def __init__(self, channels, heads, hidden):
        super().__init__()
        self.attention = Attention(channels, heads)
        self.forwardPart = nn.Sequential(nn.Linear(channels, hidden), nn.GELU(),
                                         nn.Linear(hidden, channels))
        self.norms = nn.ModuleList(nn.BatchNorm1d(channels) for _ in range(2))

    def forward(self, tokens, earlier):
        mixed, scores = self.attention(tokens, earlier)
        tokens = self.norms[0]((tokens + mixed).transpose(1, 2)).transpose(1, 2)
        tokens = tokens + self.forwardPart(tokens)
        return self.norms[1](tokens.transpose(1, 2)).transpose(1, 2), scores


class SpecFormer(nn.Module):
    def __init__(self, outputs=128, channels=128, layers=3, heads=16, hidden=256):
        super().__init__()
        self.counts = [(points - patch) // stride + 1
                       for points, patch, stride in zip(POINTS, PATCHES, STRIDES)]
        self.embeddings = nn.ModuleList(nn.Linear(patch, channels) for patch in PATCHES)
        self.places = nn.ParameterList(
            nn.Parameter(torch.empty(count, channels).uniform_(-0.02, 0.02))
            for count in self.counts)
        self.layers = nn.ModuleList(Layer(channels, heads, hidden) for _ in range(layers))
        self.head = nn.Linear(sum(self.counts) * channels, outputs)
        self.norm = nn.LayerNorm(outputs)
        self.rebuild = nn.ModuleList(nn.Linear(channels, patch) for patch in PATCHES)

    @staticmethod
    def masks(patches):
        """True [B,L] for the patches that are hidden, as many in every molecule."""
        count = patches.shape[1]
        places = torch.rand(patches.shape[:2]).argsort(dim=1)
        return places >= int(count * (1.0 - MASK_RATIO))

    def forward(self, spectra):
        """-> one vector for each molecule [B,outputs], reconstruction loss"""
        patches = [spectrum.unfold(1, patch, stride)
                   for spectrum, patch, stride in zip(spectra, PATCHES, STRIDES)]
        masks = [self.masks(each) for each in patches]
        tokens = torch.cat([embedding(each.masked_fill(mask.unsqueeze(-1), 0.0)) + place
                            for embedding, each, mask, place
                            in zip(self.embeddings, patches, masks, self.places)], dim=1)
        scores = None
        for layer in self.layers:
            tokens, scores = layer(tokens, scores)
        loss = sum(functional.mse_loss(head(part)[mask], each[mask])
                   for head, part, mask, each
                   in zip(self.rebuild, tokens.split(self.counts, dim=1), masks, patches))
        return self.norm(self.head(tokens.flatten(1))), loss


def contrast(molecules, spectra):
    """InfoNCE of matching rows [B,F], molecule to spectra."""
    similarity = functional.normalize(molecules) @ functional.normalize(spectra).T
    return functional.cross_entropy(similarity / TEMPERATURE, torch.arange(len(molecules)))
