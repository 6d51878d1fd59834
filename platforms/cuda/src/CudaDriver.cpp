// The CUDA runtime, and with it LibTorch, takes whatever context it finds current.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/CudaDriver.h"

#include "core/Text.h"
#include "platforms/cuda/src/ContextGuard.h"

#include <openmm/OpenMMException.h>

namespace MolSpectraPlugin {

using molspectra::cat;

namespace {

CUcontext popContext() {
    CUcontext popped = nullptr;
    return cuCtxPopCurrent(&popped) == CUDA_SUCCESS ? popped : nullptr;
}

}  // namespace

void checkDriver(CUresult result, const std::string& doing) {
    if (result == CUDA_SUCCESS)
        return;
    const char* words = nullptr;
    if (cuGetErrorString(result, &words) != CUDA_SUCCESS || !words)
        words = "an error that it does not know";
    throw OpenMM::OpenMMException(cat("MolSpectraForce: ", doing, ": the CUDA driver reports ",
                                      words, " (", static_cast<int>(result), ")"));
}

PrimaryContext::PrimaryContext(CUdevice device) {
    checkDriver(cuDevicePrimaryCtxRetain(&context, device), "making LibTorch's CUDA context");
}

void PrimaryContext::run(const std::function<void()>& work) const {
    static const ContextStack<CUcontext> stack = {
        [](CUcontext context) {
            checkDriver(cuCtxPushCurrent(context), "entering LibTorch's CUDA context");
        },
        popContext};
    inContext(stack, context, work);
}

CudaEvent::CudaEvent() {
    checkDriver(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), "making a CUDA event");
}

CudaEvent::~CudaEvent() {
    cuEventDestroy(event);
}

void CudaEvent::record(CUstream stream) {
    checkDriver(cuEventRecord(event, stream), "recording a CUDA event");
}

void CudaEvent::letWait(CUstream stream) const {
    checkDriver(cuStreamWaitEvent(stream, event, CU_EVENT_WAIT_DEFAULT),
                "waiting for a CUDA event");
}

}  // namespace MolSpectraPlugin
