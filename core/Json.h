// JSON out of files that others made.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace molspectra {

/// Values that are copied without fear for the stack.
/// @param strict  else what is no JSON gives a discarded value
/// @throws nlohmann::json::exception if it is no JSON, Error naming `where` if it is nested too
///         deep
nlohmann::json parseJson(const std::string& text, const std::string& where, bool strict = true);

}  // namespace molspectra
