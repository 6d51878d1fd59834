// Makes TorchScript modules in one compilation unit and draws their weights in order.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Random.h"

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <functional>
#include <memory>
#include <string>

namespace molspectra {

/// What a network and a SpecFormer are assembled with. The same seed gives the same weights on
/// every machine.
class ModuleBuilder {
protected:
    ModuleBuilder(uint64_t seed, at::ScalarType type) : random_(seed), type_(type) {}

    torch::jit::Module module(const std::string& type);
    /// Uniform by Xavier's rule [rows, columns].
    void matrix(torch::jit::Module& module, const std::string& name, int64_t rows,
                int64_t columns);
    /// Independent numbers of a distribution.
    void table(torch::jit::Module& module, const std::string& name, at::IntArrayRef shape,
               const std::function<double()>& draw);
    /// Zeros [size].
    void bias(torch::jit::Module& module, const std::string& name, int64_t size);
    /// prefix_weight of ones and prefix_bias of zeros [size].
    void norm(torch::jit::Module& module, const std::string& prefix, int64_t size);
    static void integer(torch::jit::Module& module, const std::string& name, int64_t value);
    static void number(torch::jit::Module& module, const std::string& name, double value);

    Random random_;
    at::ScalarType type_;

private:
    std::shared_ptr<torch::jit::CompilationUnit> unit_ =
        std::make_shared<torch::jit::CompilationUnit>();
};

/// Makes all weights trainable and switches training behaviour off, as every module here is used.
torch::jit::Module trainable(torch::jit::Module module);

}  // namespace molspectra
