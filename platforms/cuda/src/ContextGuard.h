// Work in another CUDA context than the current one, which is current again afterwards.
// SPDX-License-Identifier: MIT
#pragma once

#include <openmm/OpenMMException.h>

#include <functional>

namespace MolSpectraPlugin {

/// A thread's stack of contexts, the last of which is current. A Context is a pointer.
template <class Context>
struct ContextStack {
    std::function<void(Context)> push;  ///< throws if it fails
    std::function<Context()> pop;       ///< what it took off, or null if it failed; never throws
};

/// Runs `work` with `context` current.
/// @throws what push() and `work` throw, after a pop() for each push(); OpenMMException if work
///         that threw nothing has left another context current than it found
template <class Context>
void inContext(const ContextStack<Context>& stack, Context context,
               const std::function<void()>& work) {
    stack.push(context);
    try {
        work();
    }
    catch (...) {
        stack.pop();
        throw;
    }
    if (stack.pop() != context)
        throw OpenMM::OpenMMException("MolSpectraForce: leaving LibTorch's CUDA context: found "
                                      "another one current, expected the one that was entered; "
                                      "the model's operators must not change it");
}

}  // namespace MolSpectraPlugin
