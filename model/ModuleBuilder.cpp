// Makes TorchScript modules in one compilation unit and draws their weights in order.
// SPDX-License-Identifier: MIT
#include "model/ModuleBuilder.h"

#include <ATen/ATen.h>

#include <cmath>

namespace molspectra {

using torch::jit::Module;

Module ModuleBuilder::module(const std::string& type) {
    return Module(c10::QualifiedName("molspectra." + type), unit_);
}

void ModuleBuilder::table(Module& module, const std::string& name, at::IntArrayRef shape,
                          const std::function<double()>& draw) {
    at::Tensor values = at::empty(shape, at::kDouble);
    double* data = values.data_ptr<double>();
    for (int64_t n = 0; n < values.numel(); n++)
        data[n] = draw();
    module.register_parameter(name, values.to(type_), false);
}

void ModuleBuilder::matrix(Module& module, const std::string& name, int64_t rows,
                           int64_t columns) {
    const double bound = std::sqrt(6.0 / static_cast<double>(rows + columns));
    table(module, name, {rows, columns}, [&] { return bound * (2 * random_.uniform() - 1); });
}

void ModuleBuilder::bias(Module& module, const std::string& name, int64_t size) {
    module.register_parameter(name, at::zeros({size}, type_), false);
}

void ModuleBuilder::norm(Module& module, const std::string& prefix, int64_t size) {
    module.register_parameter(prefix + "_weight", at::ones({size}, type_), false);
    module.register_parameter(prefix + "_bias", at::zeros({size}, type_), false);
}

void ModuleBuilder::integer(Module& module, const std::string& name, int64_t value) {
    module.register_attribute(name, c10::IntType::get(), value);
}

void ModuleBuilder::number(Module& module, const std::string& name, double value) {
    module.register_attribute(name, c10::FloatType::get(), value);
}

Module trainable(Module module) {
    for (at::Tensor parameter : module.parameters())
        parameter.requires_grad_(true);
    module.eval();
    return module;
}

}  // namespace molspectra
