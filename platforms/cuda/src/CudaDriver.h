// What is needed of the CUDA driver: the context that LibTorch computes in, and events.
// SPDX-License-Identifier: MIT
#pragma once

#include <cuda.h>

#include <functional>
#include <string>

namespace MolSpectraPlugin {

/// @param doing  half a sentence
/// @throws OpenMMException with the driver's words, unless `result` is success
void checkDriver(CUresult result, const std::string& doing);

/// The device's primary context, in which LibTorch computes; OpenMM makes contexts of its own. It
/// lives as long as the process, as what LibTorch keeps in it does.
class PrimaryContext {
public:
    /// @throws OpenMMException if it cannot be made
    explicit PrimaryContext(CUdevice device);

    /// Runs `work` with it current. Afterwards the context of before is current, also by an
    /// exception.
    /// @throws what `work` throws; OpenMMException for errors of the driver
    void run(const std::function<void()>& work) const;

private:
    CUcontext context = nullptr;
};

/// A point in the order of work on one stream, for which others wait without the host.
class CudaEvent {
public:
    /// Of the current context.
    CudaEvent();
    ~CudaEvent();
    CudaEvent(const CudaEvent&) = delete;
    CudaEvent& operator=(const CudaEvent&) = delete;

    /// After all that `stream` was given so far. The event's context is current.
    void record(CUstream stream);
    /// Whatever `stream` is given later waits for the last record(). The stream's context is
    /// current.
    void letWait(CUstream stream) const;

private:
    CUevent event = nullptr;
};

}  // namespace MolSpectraPlugin
