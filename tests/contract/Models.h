// The models that every platform is tested with.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace contract {

struct ModelMaker {
    std::string name;            ///< part of the test's name
    std::string (*make)();       ///< content of a model file
};

const std::vector<ModelMaker>& models();

/// Content of the model file of that name, made once. @throws std::out_of_range
const std::string& modelBytes(const std::string& name);

}  // namespace contract
