// Chooses scalar type and instruction set; the rest is Evaluation.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Network.h"

#include "core/Error.h"
#include "platforms/cpu/kernels/Evaluation.h"

#include <algorithm>
#include <variant>

namespace molspectra::native {

namespace {

/// Knots of the filters' tables for each radial function: forces in single precision are then 4e-6
/// (relative, root mean square) off those in double. Twelve would halve that, and pairs at similar
/// distances would share fewer rows.
constexpr int knotsPerRadialFunction = 8;
constexpr int fewestKnots = 256;

/// Channels of a block with AVX-512, and with everything else.
constexpr int wideBlock = 16, block = 8;

bool fits(const ModelConfig& config, int width) {
    return config.channels / config.heads % width == 0 && config.channels % (2 * width) == 0;
}

InstructionSet choose(const ModelConfig& config, const Options& options) {
    InstructionSet set = options.instructions.value_or(bestInstructionSet());
    if (!supported(set))
        fail("preparing native kernels: this processor has no ", nameOf(set),
             " instructions, expected one of its own instruction sets");
    if (set == InstructionSet::avx512 && !fits(config, wideBlock))
        set = InstructionSet::avx2;
    return set;
}

template <class T>
const Stages<T>& pick(InstructionSet set, const Stages<T>& baseline, const Stages<T>& avx2,
                      const Stages<T>& avx512) {
    return set == InstructionSet::avx512 ? avx512 : set == InstructionSet::avx2 ? avx2 : baseline;
}

int knotsFor(const ModelConfig& config) {
    return std::max(fewestKnots, knotsPerRadialFunction * config.radialFunctions);
}

}  // namespace

struct Network::Impl {
    InstructionSet set;
    std::variant<std::monostate, Evaluation<float>, Evaluation<double>> evaluation;

    Impl(const ModelConfig& config, const Tensors& tensors, const Options& options)
        : set(choose(config, options)) {
#ifdef __x86_64__
        const auto& single = pick(set, baselineFloat, avx2Float, avx512Float);
        const auto& twice = pick(set, baselineDouble, avx2Double, avx512Double);
#else
        const auto& single = baselineFloat;
        const auto& twice = baselineDouble;
#endif
        if (options.doublePrecision)
            evaluation.emplace<Evaluation<double>>(config, tensors, twice, 0, options);
        else
            evaluation.emplace<Evaluation<float>>(config, tensors, single, knotsFor(config),
                                                  options);
    }

    /// Calls work(evaluation) with the one that is there.
    template <class Work>
    auto with(Work&& work) {
        if (auto* twice = std::get_if<Evaluation<double>>(&evaluation))
            return work(*twice);
        return work(std::get<Evaluation<float>>(evaluation));
    }
};

std::string obstacle(const ModelConfig& config) {
    if (config.distanceInfluence != "both")
        return cat("distanceInfluence is ", config.distanceInfluence, ", native kernels need both");
    if (!fits(config, block))
        return cat("channels ", config.channels, " and heads ", config.heads,
                   ": native kernels need channels in multiples of ", 2 * block,
                   " and of each head in multiples of ", block);
    return "";
}

Network::Network(const ModelConfig& config, const Tensors& tensors, const Options& options) {
    const std::string found = obstacle(config);
    if (!found.empty())
        fail("preparing native kernels: ", found, "; use TorchScript");
    impl_ = std::make_unique<Impl>(config, tensors, options);
}

Network::~Network() = default;

double Network::evaluate(std::span<const int> numbers, std::span<const double> positions,
                         std::span<const HalfPair> candidates, std::span<double> forces) {
    return impl_->with(
        [&](auto& e) { return e.evaluate(numbers, positions, candidates, forces); });
}

std::vector<Features> Network::encode(std::span<const int> numbers,
                                      std::span<const double> positions,
                                      std::span<const HalfPair> candidates) {
    return impl_->with([&](auto& e) { return e.encode(numbers, positions, candidates); });
}

std::vector<StageTime> Network::profile() const {
    return impl_->with([](auto& e) { return e.profile(); });
}

InstructionSet Network::instructions() const {
    return impl_->set;
}

int Network::threads() const {
    return impl_->with([](auto& e) { return e.threads(); });
}

size_t Network::weightBytes() const {
    return impl_->with([](auto& e) { return e.weightBytes(); });
}

size_t Network::workBytes() const {
    return impl_->with([](auto& e) { return e.workBytes(); });
}

}  // namespace molspectra::native
