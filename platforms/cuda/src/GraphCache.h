// When an evaluation is captured in a CUDA graph, checked, replayed, or left as it is.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <string>

namespace MolSpectraPlugin {

/// What a graph is captured for: it reads pairs from the addresses that it saw.
struct GraphKey {
    int capacity = 0;              ///< places for pairs
    const void* pairs = nullptr;   ///< on the device
    const void* shifts = nullptr;  ///< on the device

    bool operator==(const GraphKey&) const = default;
};

/// A captured evaluation.
class Graph {
public:
    Graph() = default;
    virtual ~Graph() = default;
    Graph(const Graph&) = delete;
    Graph& operator=(const Graph&) = delete;

    virtual void replay() = 0;
};

/// What a GraphCache decides about. Each function may throw a std::exception whose text is half a
/// sentence. Results are the energy and, if wanted, the forces, always in the same place.
class GraphSteps {
public:
    GraphSteps() = default;
    virtual ~GraphSteps() = default;
    GraphSteps(const GraphSteps&) = delete;
    GraphSteps& operator=(const GraphSteps&) = delete;

    /// Evaluates without a graph.
    virtual void run(bool wantForces) = 0;
    /// Captures what run() does, without doing it: the results stay.
    virtual std::unique_ptr<Graph> capture(bool wantForces) = 0;
    /// Copies the results and spoils their place, so that a graph which does nothing is found out.
    virtual void setAside(bool wantForces) = 0;
    /// Compares the results with those set aside.
    /// @return largest difference of two numbers, as a part of the largest number or, where that
    ///         is below 1, of 1 in the model's unit; not a number if those set aside are not finite
    virtual double difference(bool wantForces) = 0;
};

/// Energies alone and energies with forces have a graph each. It is captured after `warmUpCalls`
/// plain calls, in which LibTorch prepares what it does only once; at the next call its results are
/// compared with those of a plain one; from then on it is replayed. What fails or differs is never
/// tried again, and every call gives results all the same.
class GraphCache {
public:
    static constexpr int warmUpCalls = 3;

    /// @param tolerance  largest difference() allowed
    /// @param obstacle   why there shall be no graph; empty if there shall
    GraphCache(GraphSteps& steps, double tolerance, const std::string& obstacle = "");

    /// Evaluates. With another key than at the last call, all graphs are let go before.
    /// @throws what run() throws; the object stays usable
    void evaluate(const GraphKey& key, bool wantForces);

    /// How it is evaluated, or why without a graph, as half a sentence.
    std::string describe() const;

private:
    struct Entry {
        int calls = 0;  ///< plain ones for this key
        std::unique_ptr<Graph> graph;
        bool checked = false;
        std::string obstacle;  ///< why there is no graph and never will be
    };

    void letGo();
    void check(Entry& entry, bool wantForces);
    template <class Work>
    bool attempt(Entry& entry, const char* doing, Work work);
    void giveUp(Entry& entry, const std::string& obstacle);

    GraphSteps& steps;
    double tolerance;
    GraphKey key;
    std::array<Entry, 2> entries;  ///< energies alone, energies with forces
};

/// What the environment variable MOLSPECTRA_CUDA_GRAPH has against graphs. The value "off" switches
/// them off, to measure what they are worth; "on", nothing or no value leaves them on.
/// @param value  of the variable, or a null pointer
/// @return an obstacle, or nothing
/// @throws OpenMMException for another value
std::string graphObstacle(const char* value);

}  // namespace MolSpectraPlugin
