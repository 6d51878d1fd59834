// Selection of the lines of a TorchScript source that a configuration needs.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace molspectra {

/// Keeps each line of `source` whose condition holds. A condition stands at the end of a line,
/// "#? a & !b": a must be among `facts`, b must not. The line "#? each layer" is repeated for each
/// of repeats["layer"] layers, '@' being the layer's number; neighbouring such lines repeat
/// together.
std::string selectLines(const std::string& source, const std::set<std::string>& facts,
                        const std::map<std::string, int64_t>& repeats = {});

}  // namespace molspectra
