// Releases Python's interpreter lock for a while, in processes that have one.
// SPDX-License-Identifier: MIT
#pragma once

namespace MolSpectraPlugin {

/// While it lives, the calling thread does not hold the interpreter lock. Does nothing in a
/// process without Python, or in a thread that does not hold the lock.
class PythonLockRelease {
public:
    PythonLockRelease();
    ~PythonLockRelease();
    PythonLockRelease(const PythonLockRelease&) = delete;
    PythonLockRelease& operator=(const PythonLockRelease&) = delete;

private:
    void* threadState = nullptr;
};

}  // namespace MolSpectraPlugin
