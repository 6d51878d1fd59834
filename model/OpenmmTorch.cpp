// A model wrapped as openmm-torch's TorchForce wants it.
// SPDX-License-Identifier: MIT
#include "model/OpenmmTorch.h"

#include "core/Elements.h"
#include "core/Error.h"
#include "core/Units.h"
#include "model/Network.h"
#include "molspectra_model/Embedded.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <sstream>

namespace molspectra {

std::string openmmTorchFile(const LoadedModel& model, const std::vector<int>& elements) {
    const std::vector<int>& known = model.description.species;
    for (const int element : elements)
        if (!std::binary_search(known.begin(), known.end(), element))
            fail("exporting for openmm-torch: the model was not trained on ", symbolOf(element));
    const auto atoms = static_cast<int64_t>(elements.size());
    const double unit = kilojoulesPerMole(model.description.energyUnit);
    const double offset = unit * model.description.offset.of(elements);
    torch::jit::Module made("molspectra.ForOpenmmTorch");
    made.register_module("network", frozenCopy(model.network));
    made.register_buffer("numbers", at::tensor(elements, at::kInt).to(at::kLong));
    made.register_buffer("different", at::logical_not(at::eye(atoms, at::kBool)));
    made.register_attribute("cutoff", c10::FloatType::get(), model.description.config.cutoff);
    made.register_attribute("energy_unit", c10::FloatType::get(), unit);
    made.register_attribute("energy_offset", c10::FloatType::get(), offset);
    made.register_attribute("double", c10::IntType::get(), static_cast<int64_t>(at::kDouble));
    made.define(embedded::OpenmmTorch);
    made.eval();
    std::ostringstream stream;
    made.save(stream);
    return stream.str();
}

}  // namespace molspectra
