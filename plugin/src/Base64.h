// Base64 (RFC 4648), for model bytes inside XML.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace MolSpectraPlugin {

/// With padding, without line breaks.
std::string encodeBase64(std::string_view bytes);

/// White space is skipped.
/// @throws OpenMMException for any other character outside the alphabet or a wrong length
std::string decodeBase64(std::string_view text);

}  // namespace MolSpectraPlugin
