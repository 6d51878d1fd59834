// Hyper-parameters of TorchMD-Net and its relatives as a configuration of our network.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"
#include "core/SpectraConfig.h"

#include <nlohmann/json.hpp>

#include <set>
#include <string>

namespace molspectra {

/// Reads an hparams.yaml of Lightning: a flat list of "key: value". Lists of scalars may span
/// lines, other values that do become the text "<nested>". @throws Error naming file and line
nlohmann::json readHyperParameters(const std::string& path);

/// The configuration of a network with these hyper-parameters. Where versions differ without a
/// hyper-parameter, `tensors` decides: norms after layers and the noise head.
/// @param tensors  names in the checkpoint, as canonicalName gives them
/// @throws Error naming the hyper-parameter, its value and what our network can be
ModelConfig configFromHyperParameters(const nlohmann::json& parameters,
                                      const std::set<std::string>& tensors,
                                      const std::string& where);

/// A SpecFormer in the published form with these patches; its widths are those published.
/// @throws Error naming the hyper-parameter, its value and what a SpecFormer of ours can be
SpectraConfig spectraFromHyperParameters(const nlohmann::json& parameters,
                                         const std::string& where);

/// Whether energies or forces were learned, rather than displacements and spectra only.
bool trainsEnergies(const nlohmann::json& parameters);

/// Whether energies of atoms are added after the network (the prior "Atomref", if it is enabled).
/// @throws Error for another prior
bool addsAtomEnergies(const nlohmann::json& parameters, const std::string& where);

}  // namespace molspectra
