// A device for tests: memory that only LibTorch's operations can reach, as a graphics card's.
// SPDX-License-Identifier: MIT
#include "training/OtherDevice.h"

#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace c10::impl {
namespace {

/// One device with one stream, on which everything is done at once.
struct OneStream final : NoOpDeviceGuardImpl<c10::kPrivateUse1> {
    Device exchangeDevice(Device) const override { return getDevice(); }
    Device getDevice() const override { return {c10::kPrivateUse1, 0}; }
    Stream getStream(Device) const noexcept override {
        return Stream(Stream::DEFAULT, getDevice());
    }
    Stream getNewStream(Device device, int) const override { return getStream(device); }
    Stream exchangeStream(Stream) const noexcept override { return getStream(getDevice()); }
    void record(void**, const Stream&, const DeviceIndex, const EventFlag) const override {}
    void block(void*, const Stream&) const override {}
    bool queryEvent(void*) const override { return true; }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, OneStream)

}  // namespace
}  // namespace c10::impl

namespace molspectra {
namespace {

std::atomic<int64_t> reads = 0;
/// Set while an operation of the device runs on the processor, which copies there and back.
thread_local bool computing = false;

/// No processor of today has addresses with this bit alone, so they fault at once.
constexpr uintptr_t elsewhere = uintptr_t{1} << 62;

void* hidden(void* host) {
    return host ? reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(host) + elsewhere) : nullptr;
}

void* shown(const void* device) {
    const auto address = reinterpret_cast<uintptr_t>(device);
    return device ? reinterpret_cast<void*>(address - elsewhere) : nullptr;
}

const c10::Device device(c10::kPrivateUse1, 0);

class Memory : public c10::Allocator {
public:
    c10::DataPtr allocate(size_t bytes) override {
        void* host = bytes > 0 ? std::malloc(bytes) : nullptr;
        return {hidden(host), host, &std::free, device};
    }
    void copy_data(void* target, const void* source, size_t bytes) const override {
        std::memcpy(shown(target), shown(source), bytes);
    }
};

Memory memory;

struct Hooks : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
};

at::Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> type,
                 std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
    return at::detail::empty_generic(sizes, &memory,
                                     c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                     c10::dtype_or_default(type), format);
}

at::Tensor emptyStrided(at::IntArrayRef sizes, at::IntArrayRef strides,
                        std::optional<at::ScalarType> type, std::optional<at::Layout>,
                        std::optional<at::Device>, std::optional<bool>) {
    return at::detail::empty_strided_generic(sizes, strides, &memory,
                                             c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                             c10::dtype_or_default(type));
}

at::Tensor onHost(const at::Tensor& tensor) {
    if (tensor.is_cpu())
        return tensor;
    return at::from_blob(shown(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                         at::TensorOptions(tensor.scalar_type()));
}

at::Tensor copyFrom(const at::Tensor& source, const at::Tensor& target, bool) {
    if (!computing && target.is_cpu())
        reads++;
    onHost(target).copy_(onHost(source));
    return target;
}

at::Tensor copyFromAndResize(const at::Tensor& source, const at::Tensor& target) {
    if (target.sizes() != source.sizes()) {
        const at::Tensor room =
            empty(source.sizes(), target.scalar_type(), {}, {}, {}, at::MemoryFormat::Contiguous);
        target.unsafeGetTensorImpl()->set_storage_keep_dtype(room.storage());
        target.unsafeGetTensorImpl()->set_sizes_and_strides(room.sizes(), room.strides());
    }
    return copyFrom(source, target, false);
}

void refuseHost(const at::Tensor& tensor, const c10::OperatorHandle& operation) {
    TORCH_CHECK(!tensor.defined() || !tensor.is_cpu() || tensor.dim() == 0,
                operation.schema().name(),
                " was given a tensor of the host beside one of the device");
}

void refuseHost(const c10::IValue& value, const c10::OperatorHandle& operation) {
    if (value.isTensor())
        refuseHost(value.toTensor(), operation);
    if (value.isList())
        for (const c10::IValue& item : value.toListRef())
            refuseHost(item, operation);
}

/// LibTorch's own operations warn of how they call each other on a device it does not know.
struct Silence : c10::WarningHandler {
    void process(const c10::Warning&) override {}
};

void compute(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
    const size_t arguments = operation.schema().arguments().size();
    for (size_t n = stack->size() - arguments; n < stack->size(); n++)
        refuseHost((*stack)[n], operation);
    if (operation.schema().name() == "aten::_local_scalar_dense")
        reads++;
    Silence silence;
    const c10::WarningUtils::WarningHandlerGuard guard(&silence);
    const bool before = std::exchange(computing, true);
    at::native::cpu_fallback(operation, stack);
    computing = before;
}

}  // namespace

c10::Device otherDevice() {
    static Hooks hooks;
    if (!at::isPrivateUse1HooksRegistered()) {
        c10::register_privateuse1_backend("other");
        at::RegisterPrivateUse1HooksInterface(&hooks);
    }
    return device;
}

int64_t readsOfOtherDevice() {
    return reads;
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
    library.impl("empty.memory_format", TORCH_FN(empty));
    library.impl("empty_strided", TORCH_FN(emptyStrided));
    library.impl("_copy_from", TORCH_FN(copyFrom));
    library.impl("_copy_from_and_resize", TORCH_FN(copyFromAndResize));
    library.impl("as_strided", TORCH_FN(at::native::as_strided_tensorimpl));
    library.impl("view", TORCH_FN(at::native::view));
    library.impl("_reshape_alias", TORCH_FN(at::native::_reshape_alias));
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
}

}  // namespace molspectra
