// Python's functions are looked up at run time, so that a C++ host needs no Python library.
// SPDX-License-Identifier: MIT
#include "plugin/src/PythonLock.h"

#include <dlfcn.h>

namespace MolSpectraPlugin {

namespace {

struct PythonFunctions {
    int (*isInitialized)() = nullptr;
    int (*holdsLock)() = nullptr;
    void* (*saveThread)() = nullptr;
    void (*restoreThread)(void*) = nullptr;

    bool found() const { return isInitialized && holdsLock && saveThread && restoreThread; }
};

template <class Function>
void lookUp(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

// Looked up at each call: a host may load Python after the plugin.
PythonFunctions findPython() {
    PythonFunctions python;
    lookUp(python.isInitialized, "Py_IsInitialized");
    lookUp(python.holdsLock, "PyGILState_Check");
    lookUp(python.saveThread, "PyEval_SaveThread");
    lookUp(python.restoreThread, "PyEval_RestoreThread");
    return python;
}

}  // namespace

PythonLockRelease::PythonLockRelease() {
    const PythonFunctions python = findPython();
    // PyGILState_Check answers 1 before the interpreter exists, hence the first question.
    if (python.found() && python.isInitialized() && python.holdsLock())
        threadState = python.saveThread();
}

PythonLockRelease::~PythonLockRelease() {
    if (threadState)
        findPython().restoreThread(threadState);
}

}  // namespace MolSpectraPlugin
