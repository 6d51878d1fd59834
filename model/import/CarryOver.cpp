// Sets the tensors of a module of ours to those of a foreign checkpoint, by a table of both.
// SPDX-License-Identifier: MIT
#include "model/import/CarryOver.h"

#include <ATen/ATen.h>

#include <map>

namespace molspectra {

namespace {

/// The rows [rows, columns] that a source has for ours, in the order of ours.
at::Tensor rowsOf(const WeightSource& source, int64_t heads, const Tensor& values) {
    const int64_t all = source.shape.empty() ? 1 : source.shape[0];
    at::Tensor rows = at::tensor(values.values, at::kDouble).view({all, -1});
    if (source.byHead)
        rows = rows.view({heads, 3, all / heads / 3, -1}).transpose(0, 1).reshape({all, -1});
    return source.rows < 0 ? rows : rows.narrow(0, 0, source.rows);
}

}  // namespace

std::vector<UntouchedTensor> carryOver(torch::jit::Module& module,
                                       const std::vector<WeightSource>& table, int64_t heads,
                                       const ReadTensor& read) {
    const at::NoGradGuard noGradients;
    std::map<std::string, at::Tensor> untouched;
    for (const auto& item : module.named_parameters())
        untouched.emplace(item.name, item.value);
    for (const auto& item : module.named_buffers())
        untouched.emplace(item.name, item.value);
    const std::map<std::string, at::Tensor> all = untouched;
    for (const WeightSource& source : table) {
        if (source.ours.empty())
            continue;
        const at::Tensor from = rowsOf(source, heads, read(source.theirs));
        const at::Tensor to = all.at(source.ours).view({-1, from.size(1)});
        to.narrow(0, source.firstRow, from.size(0)).copy_(from);
        untouched.erase(source.ours);
    }
    std::vector<UntouchedTensor> list;
    for (const auto& [name, tensor] : untouched)
        list.push_back({name, tensor});
    return list;
}

}  // namespace molspectra
