// A small model file with a closed formula: the contract's model where the network is not wanted.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelDescription.h"

#include <optional>
#include <span>
#include <string>

namespace contract {

/// How to make the toy, and how to break it.
struct ToyOptions {
    molspectra::ModelDescription description;
    std::string script;                           ///< TorchScript of forward
    int rows = 16;                                ///< of embedding_weight
    std::optional<std::string> descriptionText;   ///< instead of the description's own text
    bool described = true;                        ///< false leaves the description out

    ToyOptions();
};

/// Content of a model file.
std::string makeToyModel(const ToyOptions& options = {});

/// The toy's energy without offset, kcal/mol, for open boundaries:
/// sum over ordered pairs within 5 angstrom of w(r) q_i q_j (2 exp(-2 r) - exp(-r)/2), plus for
/// each atom (sum over neighbors j of w(r) q_j exp(-r))^2/100, with w(r) = (cos(pi r/5) + 1)/2
/// and q = 2 (z mod 8) + 5.5.
/// @param positions  [N,3], angstrom
double toyEnergy(std::span<const int> atomicNumbers, std::span<const double> positions);

/// The toy's forward function followed by `statements`, which may change `atomic` [N].
std::string toyScript(const std::string& statements = "");

}  // namespace contract
