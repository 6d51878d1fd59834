// The whole network in our own code: energy and forces of one molecule or box on the CPU.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "core/Tensors.h"
#include "platforms/cpu/kernels/Pairs.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace molspectra::native {

/// Which instructions the fast version is compiled for. All are in one binary.
enum class InstructionSet { baseline, avx2, avx512 };

const char* nameOf(InstructionSet set);

/// Whether this processor and operating system can run it.
bool supported(InstructionSet set);

/// The widest that is supported. The environment variable MOLSPECTRA_INSTRUCTIONS (baseline, avx2,
/// avx512) lowers the choice. @throws Error if it names nothing or what is not supported
InstructionSet bestInstructionSet();

/// Why a network of this configuration cannot be evaluated natively; empty if it can.
std::string obstacle(const ModelConfig& config);

struct Options {
    bool doublePrecision = false;  ///< double arithmetic and exact radial functions
    std::optional<InstructionSet> instructions;  ///< the best by default
    int threads = 1;               ///< at most this many work on one evaluation, at least 1
    bool profile = false;          ///< keep the time of every stage
};

/// What one kind of stage takes in one evaluation, as the calling thread sees it: the sum over its
/// calls of the shortest time that each has ever taken.
struct StageTime {
    std::string name;
    double seconds = 0.0;  ///< with waiting for the other threads
    double flops = 0.0;    ///< multiplications and additions, all threads, to some percent
    long calls = 0;        ///< in one evaluation
};

/// One stage's tensors, for tests: row-major, shapes as `encode` of model/README.md gives them.
struct Features {
    std::vector<double> x;  ///< [N,F]
    std::vector<double> v;  ///< [N,3,F]
};

/// Weights prepared for evaluation, and the memory of one evaluation. One object serves one caller
/// at a time. Equal input gives equal bits at a given number of threads.
class Network {
public:
    /// @param tensors  the network's weights; released when the constructor returns
    /// @throws Error for an obstacle, a missing tensor or a shape that contradicts the
    ///         configuration, each named
    Network(const ModelConfig& config, const Tensors& tensors, const Options& options = {});
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// Energy without the offset, model's energy unit.
    /// @param numbers     atomic numbers [N], each below config.elements
    /// @param positions   [N,3], angstrom
    /// @param candidates  every pair closer than the cutoff; pairs beyond it contribute nothing
    /// @param forces      [N,3], overwritten, model's energy unit/angstrom; empty if not wanted,
    ///                    which costs half
    double evaluate(std::span<const int> numbers, std::span<const double> positions,
                    std::span<const HalfPair> candidates, std::span<double> forces);

    /// x and v after the embedding, after every layer, and at the end: L + 2 entries.
    std::vector<Features> encode(std::span<const int> numbers, std::span<const double> positions,
                                 std::span<const HalfPair> candidates);

    /// Times by stage, in the order of their first call; empty unless Options::profile.
    std::vector<StageTime> profile() const;

    InstructionSet instructions() const;
    int threads() const;
    /// Bytes held: weights with tables, and the memory of the largest evaluation so far.
    size_t weightBytes() const;
    size_t workBytes() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace molspectra::native
