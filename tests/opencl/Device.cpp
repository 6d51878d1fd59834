// Every status is looked at: a test that went on after a failure would compare nonsense.
// SPDX-License-Identifier: MIT
#include "opencl/Device.h"

#include <stdexcept>

namespace opencl {

namespace {

std::vector<cl_platform_id> platforms() {
    cl_uint count = 0;
    if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS)
        return {};
    std::vector<cl_platform_id> found(count);
    require(clGetPlatformIDs(count, found.data(), nullptr), "listing platforms");
    return found;
}

}  // namespace

void require(cl_int status, const std::string& doing) {
    if (status != CL_SUCCESS)
        throw std::runtime_error(doing + ": OpenCL answers " + std::to_string(status));
}

bool Device::exists() {
    cl_uint count = 0;
    const auto found = platforms();
    return !found.empty() &&
           clGetDeviceIDs(found.front(), CL_DEVICE_TYPE_ALL, 0, nullptr, &count) == CL_SUCCESS &&
           count > 0;
}

Device::Device() {
    require(clGetDeviceIDs(platforms().at(0), CL_DEVICE_TYPE_ALL, 1, &id, nullptr),
            "finding a device");
    cl_int status;
    context.reset(clCreateContext(nullptr, 1, &id, nullptr, nullptr, &status));
    require(status, "making a context");
    queue.reset(clCreateCommandQueue(context.get(), id, 0, &status));
    require(status, "making a queue");
}

Program::Program(const Device& device, const std::string& source) : device(device) {
    cl_int status;
    const char* text = source.c_str();
    program.reset(clCreateProgramWithSource(device.context.get(), 1, &text, nullptr, &status));
    require(status, "making a program");
    if (clBuildProgram(program.get(), 1, &device.id, "", nullptr, nullptr) == CL_SUCCESS)
        return;
    std::string log(16384, '\0');
    size_t length = 0;
    require(clGetProgramBuildInfo(program.get(), device.id, CL_PROGRAM_BUILD_LOG, log.size(),
                                  log.data(), &length),
            "reading the compiler's messages");
    throw std::runtime_error("compiling a program: " + log.substr(0, length));
}

Program::Kernel Program::make(const std::string& name) const {
    cl_int status;
    Kernel kernel(clCreateKernel(program.get(), name.c_str(), &status));
    require(status, "making the kernel " + name);
    return kernel;
}

void Program::launch(cl_kernel kernel, const Shape& shape) const {
    require(clEnqueueNDRangeKernel(device.queue.get(), kernel, 1, nullptr, &shape.items,
                                   &shape.group, 0, nullptr, nullptr),
            "launching a kernel");
    require(clFinish(device.queue.get()), "waiting for a kernel");
}

}  // namespace opencl
