// The one exception of this side of the project, and the helper that throws it.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Text.h"

#include <stdexcept>

namespace molspectra {

/// Says what was being done, what was found and what was expected, in one sentence for the user.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Throws an Error whose text is the arguments, concatenated by cat().
/// Grammar: "what was being done: what was found, what was expected; what to try".
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
    throw Error(cat(parts...));
}

}  // namespace molspectra
