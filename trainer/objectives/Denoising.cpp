// The denoising objective: the noise head predicts the noise that was put on the positions.
// SPDX-License-Identifier: MIT
#include "trainer/objectives/Denoising.h"

#include <ATen/ATen.h>

namespace molspectra {
namespace {

at::Tensor centredNoise(const Graph& graph, Random& random) {
    at::Tensor drawn = at::empty(graph.positions.sizes(), at::kDouble);
    double* values = drawn.data_ptr<double>();
    for (int64_t n = 0; n < drawn.numel(); n++)
        values[n] = random.normal();
    const at::Tensor noise = toDevice(drawn, graph.positions.device());
    const at::TensorOptions like = noise.options();
    const at::Tensor atoms = at::zeros({graph.molecules}, like)
                                 .index_add(0, graph.molecule, at::ones({noise.size(0)}, like));
    const at::Tensor mean = at::zeros({graph.molecules, 3}, like)
                                .index_add(0, graph.molecule, noise) /
                            atoms.unsqueeze(1);
    return (noise - mean.index_select(0, graph.molecule)).to(graph.positions.scalar_type());
}

}  // namespace

at::Tensor denoisingLoss(torch::jit::Module& network, const Graph& graph, double sigma,
                         Random& random) {
    const at::Tensor noise = centredNoise(graph, random);
    Graph noisy = graph;
    noisy.positions = graph.positions + sigma * noise;
    return at::mse_loss(call(network, "noise", noisy.atoms()).toTensor(), noise);
}

}  // namespace molspectra
