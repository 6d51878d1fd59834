// Our own kernels, broken on purpose: a tool that watches the tests must find what is wrong.
// SPDX-License-Identifier: MIT
#include "opencl/PairLists.h"

#include <iostream>
#include <map>
#include <stdexcept>

using namespace opencl;

namespace {

/// The kernels with one part of their text exchanged.
std::string changed(const std::string& part, const std::string& by) {
    std::string text = modelArraysText();
    const size_t at = text.find(part);
    if (at == std::string::npos)
        throw std::runtime_error("breaking a kernel: found no \"" + part + "\" in it");
    return text.replace(at, part.size(), by);
}

/// Pairs beyond the capacity are written.
void writeBeyondTheEnd(const Device& device) {
    const Program program(device, definitions({}) + changed(" && first + found < capacity", ""));
    listPairs<Single>(device, program, {0, 0, 0, 1, 0, 0}, std::nullopt, 1, {2, 2});
}

/// All atoms write their pairs to the same places.
void writeToTheSamePlaces(const Device& device) {
    const Program program(device, definitions({}) + changed("first += count;", ""));
    listPairs<Single>(device, program, {0, 0, 0, 1, 0, 0}, std::nullopt, 8, {2, 1});
}

/// Two atoms add to one place, without an atomic addition.
void addWithoutAtomics(const Device& device) {
    const Program program(device, definitions({.atomicAdd = "*(place) += (value)"}) +
                                      modelArraysText());
    const Buffer<cl_ulong> forces(device, std::vector<cl_ulong>(3 * 32));
    program.run("addForces", {2, 2}, cl_int(2), Buffer<cl_int>(device, {5, 5}),
                Buffer<cl_float>(device, {1, 2, 3, 4, 5, 6}), cl_float(1), forces);
}

}  // namespace

int main(int count, char** arguments) {
    const std::map<std::string, void (*)(const Device&)> ways = {
        {"bounds", writeBeyondTheEnd},
        {"places", writeToTheSamePlaces},
        {"atomics", addWithoutAtomics}};
    try {
        ways.at(count == 2 ? arguments[1] : "")(Device());
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
