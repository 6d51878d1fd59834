// One network's evaluations: geometry, the list of stages in order, and the memory they share.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Network.h"
#include "platforms/cpu/kernels/Prepared.h"
#include "platforms/cpu/kernels/Threads.h"

#include <limits>

namespace molspectra::native {

template <class T>
struct Cursor;

/// Network for one scalar type; see Network.h.
template <class T>
class Evaluation {
public:
    Evaluation(const ModelConfig& config, const Tensors& tensors, const Stages<T>& stages,
               int knots, const Options& options);

    double evaluate(std::span<const int> numbers, std::span<const double> positions,
                    std::span<const HalfPair> candidates, std::span<double> forces);
    std::vector<Features> encode(std::span<const int> numbers, std::span<const double> positions,
                                 std::span<const HalfPair> candidates);

    std::vector<StageTime> profile() const;
    int threads() const { return team_.size(); }
    size_t weightBytes() const { return weights_.bytes(); }
    size_t workBytes() const;

private:
    /// One entry of the list of stages.
    struct Step {
        Stage<T> stage;
        int layer;
        const char* name;
        double flopsPerAtom = 0.0;
        double flopsPerPair = 0.0;
        bool exactOnly = false;     ///< needed only if a pair lies outside the tables
        bool barrier = true;        ///< false if a member's next stage reads only its own
        bool endsFeatures = false;  ///< x and v of a stage of `encode` are complete
        double fastest = std::numeric_limits<double>::infinity();  ///< seconds, if profiled
    };

    Step& addStep(const char* name, Stage<T> stage, int layer = 0);
    Step& addReadout(const char* name, Stage<T> stage);
    void listForward(const Stages<T>& stages);
    void listLayer(const Stages<T>& stages, int layer, bool norms);
    void listAdjoint(const Stages<T>& stages);
    void listLayerAdjoint(const Stages<T>& stages, int layer, bool norms);

    void locate(std::span<const int> numbers, std::span<const double> positions,
                std::span<const HalfPair> candidates);
    void orderAtoms(std::span<const double> positions);
    std::span<const HalfPair> inOrder(std::span<const HalfPair> pairs);
    void place(const HalfPair& pair, const double (&d)[3], double squared);
    void evaluateExactly(double r);
    void orderByRow();
    void allocate(size_t atoms, size_t pairs);
    void takeLayers(Cursor<T>& cursor);
    void takeReadout(Cursor<T>& cursor);
    void takeAdjoints(Cursor<T>& cursor);

    void run(std::span<Step> steps);
    void runAsMember(std::span<Step> steps, Member& member);
    double energy() const;
    void collectForces(std::span<double> forces) const;
    Features features(const T* x, const T* v) const;

    ModelConfig config_;
    PreparedWeights<T> weights_;
    std::vector<double> normWeight_, normBias_;  ///< of the final norm, for encode()
    int width_;
    bool profile_;
    std::vector<Step> steps_;     ///< forward, then adjoint
    size_t forwardSteps_ = 0;

    State<T> state_{};
    std::vector<LayerWork<T>> layers_;
    std::vector<int> numbers_;         ///< of atoms in their order in memory
    std::vector<int> order_, rank_;    ///< the caller's atom at a place in memory, and back
    std::vector<PairPlace<T>> places_, ordered_;
    std::vector<HalfPair> sorted_;
    std::vector<size_t> starts_;
    std::vector<double> radialValues_;
    Aligned<T> work_, exact_;
    std::vector<double> doubles_;
    size_t atomCapacity_ = 0, pairCapacity_ = 0, exactCapacity_ = 0;
    Team team_;
};

}  // namespace molspectra::native
