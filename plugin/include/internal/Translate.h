// Turns the errors of core into the exception that OpenMM and its callers expect.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Error.h"

#include <openmm/OpenMMException.h>

#include <utility>

namespace MolSpectraPlugin {

/// Runs `work`. @throws OpenMMException with the text of the molspectra::Error it threw
template <class Work>
auto translateErrors(const std::string& prefix, Work&& work) {
    try {
        return std::forward<Work>(work)();
    }
    catch (const molspectra::Error& error) {
        throw OpenMM::OpenMMException(prefix + error.what());
    }
}

}  // namespace MolSpectraPlugin
