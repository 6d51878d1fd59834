// What happens around the stages: pairs find their places in the tables, threads go through the
// list, and the pairs' gradients become forces in double.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

namespace molspectra::native {

namespace {

/// Heads are dealt in groups of whole panels, so more threads than groups would be idle.
int usefulThreads(const ModelConfig& config, int width, int threads) {
    const int headBlocks = config.channels / config.heads / width;
    const int groups = headBlocks % 2 == 0 ? config.heads : config.heads / 2;
    return std::clamp(threads, 1, groups);
}

/// Pairs that are sorted together: few enough that their atoms' features stay in the cache, and
/// about as many as one column of a table is read for at a time.
constexpr size_t windowPairs = chunkPairs;

/// Atoms whose order in memory does not matter, nor that of their pairs.
constexpr size_t fewAtoms = 24;

/// How many pairs before their use rows of the table are fetched.
constexpr size_t pairsAhead = 5;

/// Edge of the cubes that atoms are sorted by, angstrom: a fraction of any cutoff.
constexpr double cubeEdge = 2.0;

/// Spreads the lower 21 bits to every third place.
uint64_t spread(uint64_t bits) {
    uint64_t result = 0;
    for (int bit = 0; bit < 21; ++bit)
        result |= (bits >> bit & 1) << 3 * bit;
    return result;
}

/// Atoms by the place of their cubes on a curve through space (Morton's), so that atoms which are
/// near in space are near in memory.
std::vector<int> alongCurve(std::span<const double> positions) {
    constexpr double origin = 1 << 20;  // coordinates of both signs fit into 21 bits
    std::vector<std::pair<uint64_t, int>> keyed;
    for (size_t k = 0; k < positions.size(); k += 3) {
        uint64_t key = 0;
        for (size_t d = 0; d < 3; ++d)
            key |= spread(static_cast<uint64_t>(positions[k + d] / cubeEdge + origin)) << d;
        keyed.emplace_back(key, static_cast<int>(k / 3));
    }
    std::ranges::sort(keyed);
    std::vector<int> order;
    for (const auto& [key, atom] : keyed)
        order.push_back(atom);
    return order;
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

template <class T>
Evaluation<T>::Evaluation(const ModelConfig& config, const Tensors& tensors,
                          const Stages<T>& stages, int knots, const Options& options)
    : config_(config), weights_(config, tensors, stages.width, knots),
      normWeight_(tensors.at("norm_weight").values), normBias_(tensors.at("norm_bias").values),
      width_(stages.width), profile_(options.profile),
      layers_(static_cast<size_t>(config.layers)),
      team_(usefulThreads(config, stages.width, options.threads)) {
    listForward(stages);
    forwardSteps_ = steps_.size();
    listAdjoint(stages);
}

template <class T>
double Evaluation<T>::evaluate(std::span<const int> numbers, std::span<const double> positions,
                               std::span<const HalfPair> candidates, std::span<double> forces) {
    locate(numbers, positions, candidates);
    const std::span<Step> steps(steps_);
    run(forces.empty() ? steps.first(forwardSteps_) : steps);
    if (!forces.empty())
        collectForces(forces);
    return energy();
}

template <class T>
std::vector<Features> Evaluation<T>::encode(std::span<const int> numbers,
                                            std::span<const double> positions,
                                            std::span<const HalfPair> candidates) {
    locate(numbers, positions, candidates);
    std::vector<Features> all;
    for (Step& step : std::span<Step>(steps_).first(forwardSteps_)) {
        run({&step, 1});
        if (!step.endsFeatures)
            continue;
        const int layer = static_cast<int>(all.size());
        if (layer > config_.layers) {
            all.push_back(features(state_.normal, config_.vectorNorm != "none" ? state_.vWhite
                                                                               : state_.v));
            continue;
        }
        // After the embedding there are no vectors; after layer l they are the next one's input.
        all.push_back(features(state_.x, layer == 0                 ? nullptr
                                         : layer < config_.layers ? layers_[layer].v
                                                                  : state_.v));
    }
    for (size_t i = 0; i < all.back().x.size(); ++i) {
        const size_t c = i % normWeight_.size();
        all.back().x[i] = all.back().x[i] * normWeight_[c] + normBias_[c];
    }
    return all;
}

/// From panels to rows of channels, atoms as the caller has them.
template <class T>
Features Evaluation<T>::features(const T* x, const T* v) const {
    const size_t F = static_cast<size_t>(config_.channels), N = numbers_.size();
    const size_t panel = 2 * static_cast<size_t>(width_);
    Features result{std::vector<double>(N * F), std::vector<double>(3 * N * F)};
    for (size_t c = 0; c < F; ++c)
        for (size_t i = 0; i < N; ++i) {
            const size_t atom = static_cast<size_t>(order_[i]);
            result.x[atom * F + c] = x[(c / panel * N + i) * panel + c % panel];
            for (size_t d = 0; v && d < 3; ++d)
                result.v[(3 * atom + d) * F + c] =
                    v[(c / panel * 3 * N + 3 * i + d) * panel + c % panel];
        }
    return result;
}

template <class T>
void Evaluation<T>::locate(std::span<const int> numbers, std::span<const double> positions,
                           std::span<const HalfPair> candidates) {
    orderAtoms(positions);
    numbers_.clear();
    for (const int atom : order_)
        numbers_.push_back(numbers[static_cast<size_t>(atom)]);
    places_.clear();
    radialValues_.clear();
    state_.exactPairs = 0;
    const double cutoffSquared = config_.cutoff * config_.cutoff;
    for (const HalfPair& pair : inOrder(candidates)) {
        const double *from = &positions[3 * static_cast<size_t>(pair.i)],
                     *to = &positions[3 * static_cast<size_t>(pair.j)];
        const double d[3] = {to[0] - from[0] + pair.shift[0], to[1] - from[1] + pair.shift[1],
                             to[2] - from[2] + pair.shift[2]};
        const double squared = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
        if (squared < cutoffSquared)
            place(pair, d, squared);
    }
    orderByRow();
    allocate(numbers.size(), places_.size());
    state_.numbers = numbers_.data();
    state_.place = places_.data();
    state_.radialValue = radialValues_.data();
}

/// The order that atoms have in memory: by the present positions alone, whenever the list was made,
/// so that equal positions give equal bits.
template <class T>
void Evaluation<T>::orderAtoms(std::span<const double> positions) {
    const size_t atoms = positions.size() / 3;
    order_.resize(atoms);
    if (atoms <= fewAtoms)
        std::iota(order_.begin(), order_.end(), 0);
    else
        order_ = alongCurve(positions);
    rank_.resize(atoms);
    for (size_t k = 0; k < atoms; ++k)
        rank_[static_cast<size_t>(order_[k])] = static_cast<int>(k);
}

/// The same pairs by the order of their atoms i: a window of them then touches few atoms.
template <class T>
std::span<const HalfPair> Evaluation<T>::inOrder(std::span<const HalfPair> pairs) {
    if (order_.size() <= fewAtoms)
        return pairs;
    starts_.assign(order_.size() + 1, 0);
    const auto key = [&](const HalfPair& pair) {
        return static_cast<size_t>(rank_[static_cast<size_t>(pair.i)]);
    };
    for (const HalfPair& pair : pairs)
        ++starts_[key(pair)];
    size_t next = 0;
    for (size_t& start : starts_)
        next += std::exchange(start, next);
    sorted_.resize(pairs.size());
    for (const HalfPair& pair : pairs)
        sorted_[starts_[key(pair)]++] = pair;
    return sorted_;
}

template <class T>
void Evaluation<T>::place(const HalfPair& pair, const double (&d)[3], double squared) {
    const double r = std::sqrt(squared);
    PairPlace<T> place{};
    place.i = rank_[static_cast<size_t>(pair.i)];
    place.j = rank_[static_cast<size_t>(pair.j)];
    place.offsetI = place.i * 2 * width_;
    place.offsetJ = place.j * 2 * width_;
    place.inverseDistance = static_cast<T>(1.0 / r);
    for (int k = 0; k < 3; ++k)
        place.unit[k] = static_cast<T>(d[k] / r);
    const KnotGrid& grid = weights_.grid();
    if (grid.empty() || r < grid.first()) {
        place.row = ~(state_.exactPairs++ * 8 * width_);
        place.value[0] = place.slope[1] = T(1);
        evaluateExactly(r);
    } else {
        const auto [knot, t, slope] = grid.place(r);
        place.row = static_cast<int>(knot) * 2 * width_;
        const double s = 1.0 - t;
        const double values[4] = {s * s * s / 6.0, (4.0 - 3.0 * t * t * (1.0 + s)) / 6.0,
                                  (4.0 - 3.0 * s * s * (1.0 + t)) / 6.0, t * t * t / 6.0};
        const double slopes[4] = {-0.5 * s * s, t * (1.5 * t - 2.0), s * (2.0 - 1.5 * s),
                                  0.5 * t * t};
        for (int k = 0; k < 4; ++k) {
            place.value[k] = static_cast<T>(values[k]);
            place.slope[k] = static_cast<T>(slopes[k] * slope);
        }
    }
    places_.push_back(place);
}

/// Puts pairs into the order of their rows in the tables, window by window, by counting: each row
/// is then read once and in sequence, while the atoms of a window stay in the cache.
template <class T>
void Evaluation<T>::orderByRow() {
    ordered_.resize(places_.size());
    for (size_t begin = 0; begin < places_.size(); begin += windowPairs) {
        const size_t end = std::min(begin + windowPairs, places_.size());
        const auto key = [&](const PairPlace<T>& place) {
            return static_cast<size_t>(place.row < 0 ? 0 : place.row / (2 * width_) + 1);
        };
        starts_.assign(weights_.grid().size() + 1, 0);
        for (size_t p = begin; p < end; ++p)
            ++starts_[key(places_[p])];
        size_t next = begin;
        for (size_t& start : starts_)
            next += std::exchange(start, next);
        for (size_t p = begin; p < end; ++p)
            ordered_[starts_[key(places_[p])]++] = places_[p];
    }
    places_.swap(ordered_);
    for (size_t p = 0; p + pairsAhead < places_.size(); ++p)
        places_[p].later = std::max(places_[p + pairsAhead].row, 0);
}

template <class T>
void Evaluation<T>::evaluateExactly(double r) {
    const auto phi = plain::cutoff(r, weights_.radial().range);
    const size_t K = weights_.radial().count(), begin = radialValues_.size();
    radialValues_.resize(begin + 2 * (K + 1));
    double* value = &radialValues_[begin];
    for (size_t k = 0; k < K; ++k) {
        const auto e = weights_.radial()(k, r);
        value[k] = e.value;
        value[K + 1 + k] = e.slope;
    }
    value[K] = phi.value;
    value[2 * K + 1] = phi.slope;
}

template <class T>
void Evaluation<T>::run(std::span<Step> steps) {
    struct Work {
        Evaluation* evaluation;
        std::span<Step> steps;
    } work{this, steps};
    team_.run(
        [](void* context, Member& member) {
            const Work& work = *static_cast<Work*>(context);
            work.evaluation->runAsMember(work.steps, member);
        },
        &work);
}

template <class T>
void Evaluation<T>::runAsMember(std::span<Step> steps, Member& member) {
    const bool timed = profile_ && member.index == 0;
    double begin = timed ? now() : 0.0;
    for (Step& step : steps) {
        if (step.exactOnly && state_.exactPairs == 0)
            continue;
        step.stage(state_, step.layer, member);
        if (step.barrier)
            member.wait();
        if (timed) {
            const double end = now();
            step.fastest = std::min(step.fastest, end - begin);
            begin = end;
        }
    }
}

template <class T>
std::vector<StageTime> Evaluation<T>::profile() const {
    std::vector<StageTime> times;
    for (const Step& step : steps_) {
        if (!std::isfinite(step.fastest))
            continue;
        auto time = std::ranges::find(times, step.name, &StageTime::name);
        if (time == times.end())
            time = times.insert(time, StageTime{step.name});
        time->seconds += step.fastest;
        time->flops += step.flopsPerAtom * state_.atoms + step.flopsPerPair * state_.pairs;
        ++time->calls;
    }
    return times;
}

template <class T>
double Evaluation<T>::energy() const {
    double sum = 0.0;
    for (int atom = 0; atom < state_.atoms; ++atom)
        sum += state_.out.energy[atom];
    return sum;
}

template <class T>
void Evaluation<T>::collectForces(std::span<double> forces) const {
    std::fill(forces.begin(), forces.end(), 0.0);
    const auto forceOn = [&](int atom) {
        return &forces[3 * static_cast<size_t>(order_[static_cast<size_t>(atom)])];
    };
    const T* gradient = state_.gradient;
    for (const PairPlace<T>& place : places_) {
        double *i = forceOn(place.i), *j = forceOn(place.j);
        for (int d = 0; d < 3; ++d) {
            const double along = static_cast<double>(*gradient++);
            i[d] += along;
            j[d] -= along;
        }
    }
}

template <class T>
size_t Evaluation<T>::workBytes() const {
    return work_.bytes() + exact_.bytes() + doubles_.capacity() * sizeof(double) +
           places_.capacity() * sizeof(PairPlace<T>);
}

template class Evaluation<float>;
template class Evaluation<double>;

}  // namespace molspectra::native
