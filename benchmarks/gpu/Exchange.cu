// Every way of exchanging is checked with values that change each round, and timed without.
// SPDX-License-Identifier: MIT
#include "Card.h"
#include "Gather.cuh"
#include "Measurements.h"
#include "Results.h"
#include "Scatter.cuh"

namespace measure {

namespace {

constexpr int checkedRounds = 20;
constexpr int timedRounds = 2000;

struct Experiment {
    std::string what;
    void (*checked)(ExchangeMemory);
    void (*timed)(ExchangeMemory);
    Shape shape;
    size_t scratchQuads;
    size_t checkedValues;  // in a round
};

Shape exchangeShape(Way way, size_t shared) {
    Shape shape{exchangeBlocks, exchangeThreads, shared};
    shape.cluster = way == Way::grid ? 0 : exchangeBlocks;
    shape.cooperative = way == Way::grid;
    return shape;
}

template <Way way>
Experiment gatherBy(const char* what) {
    return {what, gatherKernel<way, true>, gatherKernel<way, false>,
            exchangeShape(way, gatherShared), gatherScratchQuads,
            size_t(exchangeBlocks) * rowFloats};
}

template <Way way>
Experiment scatterBy(const char* what) {
    return {what, scatterKernel<way, true>, scatterKernel<way, false>,
            exchangeShape(way, scatterShared(way)), scatterScratchQuads, rowFloats};
}

class Exchanger {
public:
    explicit Exchanger(const Experiment& experiment)
        : experiment(experiment), scratch(experiment.scratchQuads), flags(exchangeBlocks),
          wrong(1) {}

    void checkRounds() {
        run(experiment.checked, checkedRounds);
        check(cudaStreamSynchronize(stream), "exchanging");
    }

    double microseconds(int rounds) {
        return perRound(stream, rounds, [&](int count) { run(experiment.timed, count); });
    }

    /// Of everything that ran so far.
    unsigned wrongValues() const { return wrong.read()[0]; }

private:
    void run(void (*kernel)(ExchangeMemory), int rounds) {
        check(cudaMemsetAsync(flags.data, 0, flags.size * sizeof(unsigned), stream),
                       "clearing flags");
        launch(kernel, experiment.shape, stream,
               ExchangeMemory{scratch.data, flags.data, wrong.data, unsigned(rounds)});
    }

    const Experiment& experiment;
    Stream stream;
    Array<float4> scratch;
    Array<unsigned> flags, wrong;
};

void measureExchange(const Card& card, Results& results, const Experiment& experiment, bool quick) {
    const auto* timed = reinterpret_cast<const void*>(experiment.timed);
    const auto* checked = reinterpret_cast<const void*>(experiment.checked);
    for (const void* kernel : {timed, checked})
        if (const std::string why = obstacle(card, kernel, experiment.shape); !why.empty())
            return results.addMissing(experiment.what, why);
    Exchanger exchanger(experiment);
    exchanger.checkRounds();
    const double time = exchanger.microseconds(quick ? 4 : timedRounds);
    const std::string right =
        verdict(exchanger.wrongValues(), checkedRounds * experiment.checkedValues);
    const std::string clusters =
        experiment.shape.cluster == 0
            ? "one barrier by flags included"
            : std::to_string(mostClusters(timed, experiment.shape)) + " such clusters fit at once";
    results.add(experiment.what, time, "us", right, clusters);
}

}  // namespace

void measureGather(const Card& card, Results& results, bool quick) {
    const Experiment experiments[] = {
        gatherBy<Way::loads>("cluster of 16, ld.shared::cluster"),
        gatherBy<Way::stores>("cluster of 16, st.async"),
        gatherBy<Way::copies>("cluster of 16, cp.async.bulk"),
        gatherBy<Way::multicast>("cluster of 16, through L2 and multicast"),
        gatherBy<Way::cache>("cluster of 16, through L2"),
        gatherBy<Way::grid>("16 blocks without cluster, through L2"),
    };
    for (const Experiment& experiment : experiments)
        measureExchange(card, results, experiment, quick);
}

void measureScatter(const Card& card, Results& results, bool quick) {
    const Experiment experiments[] = {
        scatterBy<Way::loads>("cluster of 16, ld.shared::cluster"),
        scatterBy<Way::stores>("cluster of 16, st.async"),
        scatterBy<Way::copies>("cluster of 16, cp.async.bulk"),
        scatterBy<Way::cache>("cluster of 16, through L2"),
        scatterBy<Way::grid>("16 blocks without cluster, through L2"),
    };
    for (const Experiment& experiment : experiments)
        measureExchange(card, results, experiment, quick);
}

}  // namespace measure
