// Selection of the lines of a TorchScript source that a configuration needs.
// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>

namespace molspectra {

/// Keeps each line of `source` whose condition holds. A condition stands at the end of a line,
/// "#? a & !b": a must be among `facts`, b must not. The line "#? each layer" is repeated for each
/// of `layers` layers, '@' being the layer's number; neighbouring such lines repeat together.
std::string selectLines(const std::string& source, const std::set<std::string>& facts,
                        int layers = 0);

}  // namespace molspectra
