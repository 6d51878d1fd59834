// One block stands for one multiprocessor's share of a layer.
// SPDX-License-Identifier: MIT
#include "SplitProduct.cuh"

#include "Card.h"
#include "Measurements.h"
#include "Results.h"

#include <cmath>
#include <random>

namespace measure {

namespace {

constexpr int timedRounds = 2000;
// Relative to the norm of the result. Rounding in single precision leaves about 1e-7, one product
// of halves 3e-4.
constexpr double tolerance = 2e-6;

std::vector<float> normal(size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> distribution;
    std::vector<float> values(count);
    for (float& value : values)
        value = distribution(random);
    return values;
}

/// ||c - a b|| / ||a b||, with the product in double precision.
double relativeError(const std::vector<float>& a, const std::vector<float>& b,
                     const std::vector<float>& c, int M, int K) {
    double error = 0.0, norm = 0.0;
    for (int m = 0; m < M; ++m)
        for (int n = 0; n < productColumns; ++n) {
            double sum = 0.0;
            for (int k = 0; k < K; ++k)
                sum += double(a[size_t(m * K + k)]) * b[size_t(k * productColumns + n)];
            const double difference = c[size_t(m * productColumns + n)] - sum;
            error += difference * difference;
            norm += sum * sum;
        }
    return std::sqrt(error / norm);
}

std::string judged(double error) {
    char text[64];
    const bool right = error < tolerance;  // also where it is not a number
    std::snprintf(text, sizeof text, "%s relative error %.1e", right ? "right:" : "wrong:", error);
    return text;
}

template <int M, int K, int warps, bool splits>
void measureOne(const Card& card, Results& results, bool quick) {
    using Product = SplitProduct<M, K, warps>;
    const std::string what = std::to_string(M) + "x128x" + std::to_string(K) + ", " +
                             std::to_string(warps) + " warps" + (splits ? ", A split first" : "");
    const Shape shape{1, Product::threads, Product::shared};
    const auto kernel = productKernel<M, K, warps, splits>;
    if (const std::string why = obstacle(card, reinterpret_cast<const void*>(kernel), shape);
        !why.empty())
        return results.addMissing(what, why);
    const std::vector<float> a = normal(size_t(M) * K, 1);
    const std::vector<float> b = normal(size_t(K) * productColumns, 2);
    Stream stream;
    Array<float> deviceA(a), deviceB(b), deviceC(size_t(M) * productColumns);
    const auto run = [&](int rounds) {
        launch(kernel, shape, stream, deviceA.data, deviceB.data, deviceC.data, rounds);
    };
    run(1);
    check(cudaStreamSynchronize(stream), "multiplying");
    const double error = relativeError(a, b, deviceC.read(), M, K);
    const double time = perRound(stream, quick ? 2 : timedRounds, run);
    char note[48];
    std::snprintf(note, sizeof note, "%.0f GFLOP/s", 2e-3 * M * productColumns * K / time);
    results.add(what, time, "us", judged(error), note);
}

template <int M, int K>
void measureShape(const Card& card, Results& results, bool quick) {
    measureOne<M, K, 8, false>(card, results, quick);
    measureOne<M, K, 8, true>(card, results, quick);
    measureOne<M, K, M == 32 ? 4 : 16, false>(card, results, quick);
}

}  // namespace

void measureProduct(const Card& card, Results& results, bool quick) {
    measureShape<32, 128>(card, results, quick);
    measureShape<32, 256>(card, results, quick);
    measureShape<64, 128>(card, results, quick);
    measureShape<64, 256>(card, results, quick);
}

}  // namespace measure
