// The dialect is OpenMM's; the words that explain it to OpenCL are ours.
// SPDX-License-Identifier: MIT
#include "opencl/Dialect.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace opencl {

namespace {

constexpr const char* words = R"(
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#define KERNEL __kernel
#define DEVICE
#define GLOBAL __global
#define LOCAL __local
#define RESTRICT restrict
#define GLOBAL_ID ((int) get_global_id(0))
#define GLOBAL_SIZE ((int) get_global_size(0))
#define LOCAL_ID ((int) get_local_id(0))
#define LOCAL_SIZE ((int) get_local_size(0))
#define GROUP_ID ((int) get_group_id(0))
#define NUM_GROUPS ((int) get_num_groups(0))
#define SYNC_THREADS barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
typedef long mm_long;
typedef ulong mm_ulong;
)";

/// A type and its vectors under another name.
std::string alias(const std::string& name, bool wide) {
    const std::string type = wide ? "double" : "float";
    std::string text;
    for (const char* length : {"", "2", "3", "4"})
        text += "typedef " + type + length + " " + name + length + ";\n";
    return text;
}

}  // namespace

std::string definitions(const Dialect& dialect) {
    const bool mixed = dialect.precision == Precision::Mixed;
    const bool wide = dialect.precision == Precision::Double;
    std::string text = words;
    text += alias("real", wide) + alias("mixed", wide || mixed) + alias("MODEL_REAL", wide);
    if (mixed)
        text += "#define USE_MIXED_PRECISION 1\n";
    if (wide)
        text += "#define USE_DOUBLE_PRECISION 1\n";
    if (dialect.periodic)
        text += "#define PERIODIC 1\n";
    text += "#define PADDED_NUM_ATOMS " + std::to_string(dialect.paddedAtoms) + "\n";
    text += "#define ATOMIC_ADD(place, value) " + dialect.atomicAdd + "\n";
    return text;
}

std::string modelArraysText() {
    const std::string path = SOURCE_DIR "/platforms/common/kernels/ModelArrays.cc";
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    if (!file || text.str().empty())
        throw std::runtime_error("reading " + path + ": found nothing, expected kernels");
    return text.str();
}

}  // namespace opencl
