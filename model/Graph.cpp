// The network's inputs as tensors: atoms of one or more molecules and their neighbour pairs.
// SPDX-License-Identifier: MIT
#include "model/Graph.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <array>

namespace molspectra {
namespace {

/// The profiling executor specialises on shapes, which change with every batch: it costs more than
/// it gives. The switch is thread-local, so it is put back.
class PlainExecutor {
public:
    PlainExecutor() { torch::jit::setGraphExecutorOptimize(false); }
    ~PlainExecutor() { torch::jit::setGraphExecutorOptimize(before_); }
    PlainExecutor(const PlainExecutor&) = delete;
    PlainExecutor& operator=(const PlainExecutor&) = delete;

private:
    bool before_ = torch::jit::getGraphExecutorOptimize();
};

template <class Value>
Value* end(at::Tensor& tensor, int64_t used) {
    return tensor.data_ptr<Value>() + used;
}

/// What positions are counted from: far away from it single precision has few digits left.
std::array<double, 3> centroid(std::span<const double> positions) {
    std::array<double, 3> centre{};
    for (size_t n = 0; n < positions.size(); n++)
        centre[n % 3] += 3.0 * positions[n] / static_cast<double>(positions.size());
    return centre;
}

}  // namespace

at::Tensor toDevice(const at::Tensor& host, c10::Device device) {
    if (device.is_cpu())
        return host;
    // Out of pageable memory a copy would wait for all that a graphics card still has to do.
    const bool pinned = device.is_cuda();
    return (pinned ? host.pin_memory() : host).to(device, host.scalar_type(), pinned);
}

Graph Graph::on(c10::Device device) const {
    return {toDevice(numbers, device), toDevice(positions, device), toDevice(pairs, device),
            toDevice(shifts, device),  toDevice(molecule, device),  molecules};
}

std::vector<c10::IValue> Graph::forward() const {
    return {numbers, positions, pairs, shifts, molecule, molecules};
}

std::vector<c10::IValue> Graph::atoms() const {
    return {numbers, positions, pairs, shifts};
}

MoleculeGraph moleculeGraph(std::span<const int> numbers, std::span<const double> positions,
                            double cutoff, const std::optional<Cell>& cell) {
    return {{numbers.begin(), numbers.end()},
            {positions.begin(), positions.end()},
            findPairs(positions, cutoff, cell)};
}

Graph joinGraphs(std::span<const MoleculeGraph* const> molecules, at::ScalarType type) {
    int64_t atoms = 0, pairs = 0;
    for (const MoleculeGraph* each : molecules) {
        atoms += static_cast<int64_t>(each->numbers.size());
        pairs += static_cast<int64_t>(each->pairs.size());
    }
    Graph graph;
    graph.numbers = at::empty({atoms}, at::kLong);
    graph.molecule = at::empty({atoms}, at::kLong);
    graph.positions = at::empty({atoms, 3}, at::kDouble);
    graph.pairs = at::empty({2, pairs}, at::kLong);
    graph.shifts = at::empty({pairs, 3}, at::kDouble);
    int64_t atom = 0, pair = 0;
    for (const MoleculeGraph* each : molecules) {
        std::copy(each->numbers.begin(), each->numbers.end(), end<int64_t>(graph.numbers, atom));
        const auto centre = centroid(each->positions);
        double* const positions = end<double>(graph.positions, 3 * atom);
        for (size_t n = 0; n < each->positions.size(); n++)
            positions[n] = each->positions[n] - centre[n % 3];
        std::copy(each->pairs.shift.begin(), each->pairs.shift.end(),
                  end<double>(graph.shifts, 3 * pair));
        for (size_t p = 0; p < each->pairs.size(); p++) {
            *end<int64_t>(graph.pairs, pair + static_cast<int64_t>(p)) =
                each->pairs.receiver[p] + atom;
            *end<int64_t>(graph.pairs, pairs + pair + static_cast<int64_t>(p)) =
                each->pairs.sender[p] + atom;
        }
        const auto count = static_cast<int64_t>(each->numbers.size());
        std::fill_n(end<int64_t>(graph.molecule, atom), count, graph.molecules);
        atom += count;
        pair += static_cast<int64_t>(each->pairs.size());
        graph.molecules++;
    }
    graph.positions = graph.positions.to(type);
    graph.shifts = graph.shifts.to(type);
    return graph;
}

c10::IValue call(torch::jit::Module& network, const std::string& method,
                 std::vector<c10::IValue> arguments) {
    const PlainExecutor guard;
    return network.get_method(method)(std::move(arguments));
}

EnergyForces evaluate(torch::jit::Module& network, const Graph& graph, bool wantForces,
                      bool trainable) {
    const PlainExecutor guard;
    if (!wantForces) {
        const at::NoGradGuard noGradients;
        return {network.forward(graph.forward()).toTensor(), {}};
    }
    Graph input = graph;
    input.positions = graph.positions.detach().requires_grad_(true);
    const at::Tensor energy = network.forward(input.forward()).toTensor();
    const at::Tensor gradient = torch::autograd::grad({energy.sum()}, {input.positions}, {},
                                                      trainable, trainable)[0];
    return {trainable ? energy : energy.detach(), gradient.neg()};
}

}  // namespace molspectra
