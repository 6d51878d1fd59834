// What computes energy and forces of a network from numbers in main memory.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Neighbors.h"

#include <optional>
#include <span>
#include <string>

namespace MolSpectraPlugin {

/// One object serves one caller at a time.
class Evaluator {
public:
    Evaluator() = default;
    virtual ~Evaluator() = default;
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;

    /// Energy without the offset, model's energy unit; finite or not, as the model gives it.
    /// @param atomicNumbers  [N], the first atoms of the AtomSelection
    /// @param positions      [N,3], angstrom
    /// @param cell           none for open boundaries
    /// @param forces         [N,3], overwritten, model's energy unit/angstrom; empty if not wanted
    /// @throws OpenMMException naming two particles that coincide; molspectra::Error if no pairs
    ///         can be found. The object stays usable
    virtual double evaluate(std::span<const int> atomicNumbers, std::span<const double> positions,
                            const std::optional<molspectra::Cell>& cell,
                            std::span<double> forces) = 0;

    /// Its name, a colon, and how it computes or why it was chosen.
    virtual std::string describe() const = 0;
};

}  // namespace MolSpectraPlugin
