// Whether a checkpoint has the tensors that are asked of it, and whether any other one matters.
// SPDX-License-Identifier: MIT
#pragma once

#include "model/import/ForeignCheckpoint.h"
#include "model/import/WeightTable.h"

#include <set>
#include <string>
#include <vector>

namespace molspectra {

/// Collects what does not fit, so that all of it can be told at once.
class TensorCheck {
public:
    /// @param spectra  whether the SpecFormer is carried over, so that all of its tensors matter
    TensorCheck(const ForeignCheckpoint& checkpoint, bool spectra)
        : checkpoint_(checkpoint), spectra_(spectra) {}

    void ask(const std::string& canonical, const std::vector<int64_t>& shape);
    void ask(const std::vector<WeightSource>& table);
    /// Judges the tensors that nobody asked for.
    void judgeOthers();

    bool asked(const std::string& canonical) const { return asked_.contains(canonical); }
    /// Tensors that reach nothing we write, by the names that the checkpoint has for them.
    const std::vector<std::string>& leftOut() const { return leftOut_; }
    /// A phrase each, naming the tensor.
    const std::vector<std::string>& problems() const { return problems_; }

private:
    void judge(const std::string& canonical, const ForeignTensor& tensor);
    bool isKnown(const std::string& canonical) const;

    const ForeignCheckpoint& checkpoint_;
    bool spectra_;
    std::set<std::string> asked_;
    std::vector<std::string> leftOut_, problems_;
};

}  // namespace molspectra
