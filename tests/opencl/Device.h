// Programs, buffers and launches on the first OpenCL device, without OpenMM.
// SPDX-License-Identifier: MIT
#pragma once

#include <CL/cl.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace opencl {

template <auto Release>
struct Releaser {
    template <typename Handle>
    void operator()(Handle handle) const {
        Release(handle);
    }
};

/// Keeps an OpenCL object alive; `Release` is the function that lets go of it.
template <typename Handle, auto Release>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Releaser<Release>>;

/// @throws std::runtime_error with OpenCL's number if an operation failed
void require(cl_int status, const std::string& doing);

/// The first device of the first platform, and one queue on it, in order.
class Device {
public:
    Device();

    /// Whether there is one; everything else needs it.
    static bool exists();

    cl_device_id id = nullptr;
    Owned<cl_context, clReleaseContext> context;
    Owned<cl_command_queue, clReleaseCommandQueue> queue;
};

/// Exactly as many elements as asked for, so that a tool sees whoever goes beyond.
template <typename T>
class Buffer {
public:
    /// Content is undefined.
    Buffer(const Device& device, size_t count) : device(device), count(count) {
        cl_int status;
        memory.reset(clCreateBuffer(device.context.get(), CL_MEM_READ_WRITE, count * sizeof(T),
                                    nullptr, &status));
        require(status, "making a buffer");
    }

    Buffer(const Device& device, const std::vector<T>& values) : Buffer(device, values.size()) {
        require(clEnqueueWriteBuffer(device.queue.get(), memory.get(), CL_TRUE, 0,
                                     count * sizeof(T), values.data(), 0, nullptr, nullptr),
                "writing a buffer");
    }

    std::vector<T> read() const {
        std::vector<T> values(count);
        require(clEnqueueReadBuffer(device.queue.get(), memory.get(), CL_TRUE, 0,
                                    count * sizeof(T), values.data(), 0, nullptr, nullptr),
                "reading a buffer");
        return values;
    }

    cl_mem handle() const { return memory.get(); }

private:
    const Device& device;
    size_t count;
    Owned<cl_mem, clReleaseMemObject> memory;
};

/// How many work items, and how many of them are a group.
struct Shape {
    size_t items = 1;
    size_t group = 1;
};

class Program {
public:
    /// @throws std::runtime_error with the compiler's messages
    Program(const Device& device, const std::string& source);

    /// Runs a kernel to its end. Arguments are Buffers, and numbers of the kernel's own types.
    template <typename... Arguments>
    void run(const std::string& kernel, const Shape& shape, const Arguments&... arguments) const {
        const Kernel made = make(kernel);
        cl_uint index = 0;
        (set(made.get(), index++, arguments), ...);
        launch(made.get(), shape);
    }

private:
    using Kernel = Owned<cl_kernel, clReleaseKernel>;

    Kernel make(const std::string& name) const;
    void launch(cl_kernel kernel, const Shape& shape) const;

    template <typename T>
    static void set(cl_kernel kernel, cl_uint index, const Buffer<T>& buffer) {
        set(kernel, index, buffer.handle());
    }

    template <typename T>
    static void set(cl_kernel kernel, cl_uint index, const T& value) {
        require(clSetKernelArg(kernel, index, sizeof(T), &value), "setting an argument");
    }

    const Device& device;
    Owned<cl_program, clReleaseProgram> program;
};

}  // namespace opencl
