// A graph is captured from a stream: launches that may start early become programmatic edges.
// SPDX-License-Identifier: MIT
#include "Card.h"
#include "Measurements.h"
#include "Results.h"

#include <algorithm>
#include <chrono>

namespace measure {

namespace {

constexpr int nodes = 40;
constexpr int smallGrid = 16;
constexpr int blockThreads = 256;
constexpr int replays = 50, launchesInARow = 20, rows = 10;
constexpr unsigned multiplier = 1664525u;  // odd, so that the order of the steps decides

/// Lets the next kernel start, then waits for the one before.
template <bool early>
__device__ void begin() {
#if __CUDA_ARCH__ >= 900
    if constexpr (early) {
        asm volatile("griddepcontrol.launch_dependents;");
        asm volatile("griddepcontrol.wait;" ::: "memory");
    }
#endif
}

template <bool early>
__global__ void emptyKernel(unsigned*, unsigned) {
    begin<early>();
}

/// Steps of a sequence whose end tells whether each saw the result of the one before.
template <bool early>
__global__ void stepKernel(unsigned* value, unsigned step) {
    begin<early>();
    if (blockIdx.x == 0 && threadIdx.x == 0)
        *value = *value * multiplier + step;
}

using Kernel = void (*)(unsigned*, unsigned);

class Graph {
public:
    Graph(Kernel kernel, const Shape& shape, int count, unsigned* value, cudaStream_t stream) {
        check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capturing");
        for (int node = 0; node < count; ++node)
            launch(kernel, shape, stream, value, unsigned(node));
        check(cudaStreamEndCapture(stream, &graph), "capturing");
        check(cudaGraphInstantiate(&executable, graph, 0), "instantiating a graph");
        check(cudaGraphUpload(executable, stream), "uploading a graph");
    }
    ~Graph() {
        cudaGraphExecDestroy(executable);
        cudaGraphDestroy(graph);
    }
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    void replay(cudaStream_t stream) const {
        check(cudaGraphLaunch(executable, stream), "launching a graph");
    }

    /// Edges that let a kernel start before the one before has ended.
    int programmaticEdges() const {
        size_t count = 0;
        check(cudaGraphGetEdges(graph, nullptr, nullptr, nullptr, &count), "asking for edges");
        std::vector<cudaGraphNode_t> from(count), to(count);
        std::vector<cudaGraphEdgeData> data(count);
        check(cudaGraphGetEdges(graph, from.data(), to.data(), data.data(), &count),
              "asking for edges");
        return int(std::ranges::count_if(data, [](const cudaGraphEdgeData& edge) {
            return edge.type == cudaGraphDependencyTypeProgrammatic;
        }));
    }

private:
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t executable = nullptr;
};

/// Microseconds that cudaGraphLaunch takes on the CPU while the card is busy with the launches
/// before: median over rows of launches.
double launchCost(const Graph& graph, cudaStream_t stream) {
    std::vector<double> costs;
    for (int row = 0; row < rows; ++row) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < launchesInARow; ++i)
            graph.replay(stream);
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - start;
        check(cudaStreamSynchronize(stream), "waiting for graphs");
        costs.push_back(spent.count() / launchesInARow);
    }
    std::ranges::nth_element(costs, costs.begin() + rows / 2);
    return costs[rows / 2];
}

/// Microseconds from the launch of one graph until the host knows its end, the shortest of some.
double latency(const Graph& graph, cudaStream_t stream) {
    double best = 1e9;
    for (int turn = 0; turn < replays; ++turn) {
        const auto start = std::chrono::steady_clock::now();
        graph.replay(stream);
        check(cudaStreamSynchronize(stream), "waiting for a graph");
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - start;
        best = std::min(best, spent.count());
    }
    return best;
}

std::string checkOrder(Kernel kernel, const Shape& shape, cudaStream_t stream) {
    Array<unsigned> value(1);
    const Graph graph(kernel, shape, nodes, value.data, stream);
    unsigned expected = 0;
    for (int repeat = 0; repeat < replays; ++repeat) {
        graph.replay(stream);
        for (unsigned node = 0; node < nodes; ++node)
            expected = expected * multiplier + node;
    }
    check(cudaStreamSynchronize(stream), "waiting for graphs");
    const bool right = value.read()[0] == expected;
    return right ? "right" : "wrong: kernels did not see each other's results";
}

double perNode(const Graph& graph, cudaStream_t stream, int repeats) {
    return shortest(stream, [&] {
        for (int repeat = 0; repeat < repeats; ++repeat)
            graph.replay(stream);
    }) / (nodes * repeats);
}

std::string decimals(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

void measureChain(Results& results, const Shape& shape, Kernel empty, Kernel step, bool quick) {
    const std::string what = std::to_string(shape.blocks) + " blocks, " +
                             (shape.programmatic ? "programmatic edges" : "plain edges");
    Stream stream;
    const std::string right = checkOrder(step, shape, stream);
    const Graph graph(empty, shape, nodes, nullptr, stream);
    const Graph twice(empty, shape, 2 * nodes, nullptr, stream);
    graph.replay(stream);
    twice.replay(stream);
    const int repeats = quick ? 1 : replays;
    const double one = perNode(graph, stream, repeats);
    const double more = 2 * perNode(twice, stream, repeats) - one;
    const std::string edges = shape.programmatic
        ? ", " + std::to_string(graph.programmaticEdges()) + " of " + std::to_string(nodes - 1) +
              " edges programmatic"
        : "";
    results.add(what, one, "us a node", right,
                decimals(more) + " us for each node beyond 40" + edges);
    results.add(what + ", cudaGraphLaunch on the CPU", launchCost(graph, stream), "us a launch");
    results.add(what + ", launch to end as the host sees it", latency(graph, stream), "us a graph");
}

void measureStream(Results& results, const Shape& shape, bool quick) {
    Stream stream;
    const int repeats = quick ? 1 : replays;
    const auto run = [&] {
        for (int i = 0; i < nodes * repeats; ++i)
            launch(emptyKernel<false>, shape, stream, nullptr, 0u);
    };
    run();
    results.add(std::to_string(shape.blocks) + " blocks, launched one by one",
                shortest(stream, run) / (nodes * repeats), "us a kernel");
}

}  // namespace

void measureGraph(const Card& card, Results& results, bool quick) {
    const auto* early = reinterpret_cast<const void*>(emptyKernel<true>);
    const std::string lacking = card.lacksClusters(early);
    for (const int blocks : {card.processors, smallGrid}) {
        Shape shape{blocks, blockThreads};
        measureStream(results, shape, quick);
        measureChain(results, shape, emptyKernel<false>, stepKernel<false>, quick);
        shape.programmatic = true;
        if (lacking.empty())
            measureChain(results, shape, emptyKernel<true>, stepKernel<true>, quick);
        else
            results.addMissing(std::to_string(blocks) + " blocks, programmatic edges", lacking);
    }
}

}  // namespace measure
