// A capture executes nothing, so that a call which ends in one has the results of its plain run.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/GraphCache.h"

#include "core/Text.h"

#include <openmm/OpenMMException.h>

#include <cmath>
#include <limits>

namespace MolSpectraPlugin {

using molspectra::cat;

GraphCache::GraphCache(GraphSteps& steps, double tolerance, const std::string& obstacle)
    : steps(steps), tolerance(tolerance) {
    for (Entry& entry : entries)
        entry.obstacle = obstacle;
}

void GraphCache::evaluate(const GraphKey& now, bool wantForces) {
    if (now != key)
        letGo();
    key = now;
    Entry& entry = entries[wantForces];
    if (entry.checked && attempt(entry, "replaying", [&] { entry.graph->replay(); }))
        return;
    if (entry.graph) {
        check(entry, wantForces);
        return;
    }
    steps.run(wantForces);
    if (entry.obstacle.empty() && ++entry.calls == warmUpCalls)
        attempt(entry, "capturing", [&] { entry.graph = steps.capture(wantForces); });
}

void GraphCache::letGo() {
    for (Entry& entry : entries) {
        entry.graph.reset();
        entry.checked = false;
        entry.calls = 0;
    }
}

/// Not at the call of the capture: other positions show a graph that kept something of those.
void GraphCache::check(Entry& entry, bool wantForces) {
    steps.run(wantForces);
    double difference = std::numeric_limits<double>::quiet_NaN();
    const bool compared = attempt(entry, "comparing", [&] {
        steps.setAside(wantForces);
        entry.graph->replay();
        difference = steps.difference(wantForces);
    });
    entry.checked = compared && difference <= tolerance;
    if (entry.checked)
        return;
    if (compared && !std::isnan(difference))
        giveUp(entry, cat("its results differ by ", difference, ", expected at most ", tolerance));
    steps.run(wantForces);
}

template <class Work>
bool GraphCache::attempt(Entry& entry, const char* doing, Work work) {
    try {
        work();
        return true;
    }
    catch (const std::exception& error) {
        giveUp(entry, cat(doing, " failed: ", error.what()));
        return false;
    }
}

void GraphCache::giveUp(Entry& entry, const std::string& obstacle) {
    entry.obstacle = obstacle;
    entry.graph.reset();
    entry.checked = false;
}

std::string GraphCache::describe() const {
    const auto& [alone, withForces] = entries;
    if (alone.obstacle == withForces.obstacle && !alone.obstacle.empty())
        return cat("no CUDA graph because ", withForces.obstacle);
    if (!withForces.obstacle.empty())
        return cat("no CUDA graph for forces because ", withForces.obstacle);
    const std::string graph =
        alone.checked || withForces.checked
            ? "CUDA graph"
            : cat("CUDA graph after ", warmUpCalls, " warm-up calls");
    if (!alone.obstacle.empty())
        return cat(graph, ", but none for energies alone because ", alone.obstacle);
    return graph;
}

std::string graphObstacle(const char* value) {
    const std::string text = value ? value : "";
    if (text.empty() || text == "on")
        return "";
    if (text == "off")
        return "MOLSPECTRA_CUDA_GRAPH is off";
    throw OpenMM::OpenMMException(cat("MolSpectraForce: reading the environment variable "
                                      "MOLSPECTRA_CUDA_GRAPH: found ", text,
                                      ", expected on or off"));
}

}  // namespace MolSpectraPlugin
