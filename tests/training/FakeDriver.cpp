// Stands for NVIDIA's driver in tests: as many devices as FAKE_DRIVER_DEVICES says, one without it.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int success = 0, noDevice = 100;

int devices() {
    const char* count = std::getenv("FAKE_DRIVER_DEVICES");
    return count ? std::atoi(count) : 1;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int cuInit(unsigned) {
    return devices() < 0 ? -devices() : devices() == 0 ? noDevice : success;
}

int cuGetErrorString(int, const char** text) {
    *text = "the error that the test asked for";
    return success;
}

int cuDeviceGetCount(int* count) {
    *count = devices();
    return success;
}

int cuDeviceGet(int* device, int number) {
    *device = number;
    return success;
}

int cuDeviceGetName(char* name, int size, int device) {
    std::snprintf(name, static_cast<size_t>(size), "Fake %d", device);
    return success;
}

int cuDriverGetVersion(int* version) {
    *version = 11040;
    return success;
}
}
#pragma GCC visibility pop
