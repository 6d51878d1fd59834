// The models that every platform is tested with.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/ModelConfig.h"

#include <optional>
#include <string>
#include <vector>

namespace contract {

struct TestModel {
    std::string name;                                ///< part of the test's name
    std::optional<molspectra::ModelConfig> network;  ///< none: the toy
    std::string dtype = "float32";
};

const std::vector<TestModel>& models();

/// @throws std::out_of_range
const TestModel& modelOf(const std::string& name);

/// Content of the model file of that name, made once. @throws std::out_of_range
const std::string& modelBytes(const std::string& name);

/// A model file of the network "Network" whose code multiplies the energy by `factor`, though
/// weights and description are the same.
std::string alteredNetwork(double factor);

/// A model file of the network "Network" whose description tells another cutoff than its code.
std::string networkDescribedWith(double cutoff);

/// A model file of a network of any configuration, with weights drawn at random.
std::string networkOf(const molspectra::ModelConfig& config, const std::string& dtype = "float32");

}  // namespace contract
