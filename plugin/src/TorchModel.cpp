// The only source file of the plugin that sees LibTorch.
// SPDX-License-Identifier: MIT
#include "plugin/include/internal/TorchModel.h"

#include "core/Text.h"
#include "plugin/include/internal/ModelBlob.h"
#include "plugin/src/PythonLock.h"

#include <openmm/OpenMMException.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <sstream>
#include <unistd.h>

namespace MolSpectraPlugin {

using molspectra::cat;
using OpenMM::OpenMMException;

namespace {

const std::vector<std::string> forwardArguments = {"Tensor", "Tensor", "Tensor",
                                                   "Tensor", "Tensor", "int"};

/// Size of a pair feature tensor that another thread pays for: LibTorch's own grain size.
constexpr int64_t elementsPerThread = 32768;

/// Switches LibTorch's profiling executor off for the calling thread: its first runs are slow, and
/// each new combination of shapes would be compiled again.
class PlainExecution {
public:
    PlainExecution() : before(torch::jit::getGraphExecutorOptimize()) {
        torch::jit::setGraphExecutorOptimize(false);
    }
    ~PlainExecution() { torch::jit::setGraphExecutorOptimize(before); }
    PlainExecution(const PlainExecution&) = delete;
    PlainExecution& operator=(const PlainExecution&) = delete;

private:
    bool before;
};

/// Limits LibTorch's threads for the calling thread. Threads that wait for each other cost more
/// than they save on small tensors, and many times more where other programs are busy as well.
class ThreadLimit {
public:
    explicit ThreadLimit(int most) : before(at::get_num_threads()) {
        if (most > 0)
            set(std::min(before, most));
    }
    ~ThreadLimit() { set(before); }
    ThreadLimit(const ThreadLimit&) = delete;
    ThreadLimit& operator=(const ThreadLimit&) = delete;

private:
    static void set(int count) {
        if (count != at::get_num_threads())
            at::set_num_threads(count);
    }

    int before;
};

/// Products of single precision without the shorter mantissas (TF32, bfloat16) that a program may
/// have chosen for its own networks: forces would be off by a thousandth. The setting is one of the
/// whole process, for LibTorch has no other that reaches its threads of a backward pass; the first
/// evaluation that needs it changes it, the last one puts it back.
class WholeMantissas {
public:
    WholeMantissas() {
        const std::lock_guard guard(mutex);
        if (users++ > 0)
            return;
        for (size_t k = 0; k < backends.size(); ++k)
            before[k] = now(k);
        if (std::none_of(before.begin(), before.end(), isShort))
            return;
        older = olderSetting();
        if (!older.empty())
            at::globalContext().setFloat32MatmulPrecision("highest");
        for (size_t k = 0; k < backends.size(); ++k)
            set(k, at::Float32Precision::IEEE);
    }
    ~WholeMantissas() {
        const std::lock_guard guard(mutex);
        if (--users > 0 || std::none_of(before.begin(), before.end(), isShort))
            return;
        if (!older.empty())
            at::globalContext().setFloat32MatmulPrecision(older);
        for (size_t k = 0; k < backends.size(); ++k) {
            set(k, at::Float32Precision::NONE);  // is that of all backends, if there is one
            if (now(k) != before[k])
                set(k, before[k]);
        }
    }
    WholeMantissas(const WholeMantissas&) = delete;
    WholeMantissas& operator=(const WholeMantissas&) = delete;

private:
    static constexpr std::array backends = {at::Float32Backend::CUDA, at::Float32Backend::MKLDNN};

    static bool isShort(at::Float32Precision precision) {
        return precision == at::Float32Precision::TF32 || precision == at::Float32Precision::BF16;
    }
    static at::Float32Precision now(size_t k) {
        return at::globalContext().float32Precision(backends[k], at::Float32Op::MATMUL);
    }
    static void set(size_t k, at::Float32Precision wanted) {
        at::globalContext().setFloat32Precision(backends[k], at::Float32Op::MATMUL, wanted);
    }
    /// LibTorch's older setting, which must not contradict the newer one; none if it does already.
    static std::string olderSetting() {
        try {
            const auto found = static_cast<size_t>(at::globalContext().float32MatmulPrecision());
            return std::array{"highest", "high", "medium"}.at(found);
        }
        catch (const c10::Error&) {
            return "";
        }
    }

    static inline std::mutex mutex;
    static inline int users = 0;
    static inline std::array<at::Float32Precision, backends.size()> before{};
    static inline std::string older;
};

/// The line that says what went wrong, out of LibTorch's pages of stack traces.
std::string essence(const std::string& what) {
    static const std::string marker = "RuntimeError: ";
    const size_t found = what.rfind(marker);
    const size_t start = found == std::string::npos ? 0 : found + marker.size();
    return molspectra::trim(what.substr(start, what.find('\n', start) - start));
}

torch::jit::Module loadModule(const std::string& bytes, const std::string& name,
                              const std::string& device) {
    torch::jit::Module module;
    withTorch(cat("MolSpectraForce: reading model ", name, " as TorchScript: "), [&] {
        std::istringstream stream(bytes);
        module = torch::jit::load(stream, c10::Device(device));
    });
    return module;
}

std::string writeTypes(const std::vector<std::string>& arguments, const std::string& result) {
    return cat("forward(", molspectra::join(arguments, ", "), ") -> ", result);
}

void checkForward(const torch::jit::Module& module, const std::string& name) {
    std::string found = "no forward function";
    const std::string expected = writeTypes(forwardArguments, "Tensor");
    if (const auto method = module.find_method("forward")) {
        const auto& schema = method->function().getSchema();
        std::vector<std::string> arguments;
        for (size_t i = 1; i < schema.arguments().size(); ++i)
            arguments.push_back(schema.arguments()[i].type()->str());
        const bool one = schema.returns().size() == 1;
        found = writeTypes(arguments, one ? schema.returns()[0].type()->str() : "several values");
    }
    if (found != expected)
        throw OpenMMException(cat("MolSpectraForce: reading model ", name, ": ", found,
                                  " found, expected ", expected,
                                  "; write the model with the program molspectra"));
}

void checkWeights(const torch::jit::Module& module, const molspectra::ModelDescription& described,
                  const std::string& name) {
    for (const auto& parameter : module.named_parameters()) {
        if (parameter.name != "embedding_weight")
            continue;
        const at::Tensor& weight = parameter.value;
        const std::string dtype = weight.scalar_type() == at::kDouble ? "float64" : "float32";
        const std::string found = weight.dim() == 2
                                      ? cat("[", weight.size(0), ",", weight.size(1), "]")
                                      : cat(weight.dim(), "-dimensional");
        const std::string expected =
            cat("[", described.config.elements, ",", described.config.channels, "]");
        if (found != expected || dtype != described.dtype)
            throw OpenMMException(cat("MolSpectraForce: reading model ", name,
                                      ": embedding_weight is ", found, " ", dtype,
                                      ", but its description says ", expected, " ",
                                      described.dtype, "; the file was altered"));
    }
}

/// The code's own cutoff must be the description's, by which pairs are found.
void checkCutoffs(const torch::jit::Module& module, const molspectra::ModelConfig& config,
                  const std::string& name) {
    for (const auto& [attribute, described] :
         {std::pair("cutoff", config.cutoff), std::pair("cutoff_lower", config.cutoffLower)})
        if (module.hasattr(attribute) && module.attr(attribute).isDouble() &&
            module.attr(attribute).toDouble() != described)
            throw OpenMMException(cat("MolSpectraForce: reading model ", name, ": ", attribute,
                                      " is ", module.attr(attribute).toDouble(),
                                      " angstrom, but its description says ", described,
                                      "; the file was altered"));
}

/// Module::to() would convert integer buffers as well. Buffers of double precision stay so in
/// single: they are meant to.
void convert(torch::jit::Module& module, bool doublePrecision) {
    const auto convert = [&](at::Tensor tensor) {
        tensor.requires_grad_(false);
        if (tensor.is_floating_point() && doublePrecision)
            tensor.set_data(tensor.to(at::kDouble));
    };
    for (const at::Tensor& parameter : module.parameters())
        convert(parameter);
    for (const at::Tensor& buffer : module.buffers())
        convert(buffer);
}

template <class T>
at::Tensor toTensor(std::span<const T> values, at::IntArrayRef sizes, at::ScalarType type) {
    at::Tensor tensor = at::empty(sizes, at::TensorOptions().dtype(type));
    if (!values.empty())
        std::memcpy(tensor.mutable_data_ptr(), values.data(), values.size_bytes());
    return tensor;
}

at::Tensor pairTensor(const molspectra::NeighborPairs& pairs) {
    const auto count = static_cast<int64_t>(pairs.size());
    at::Tensor tensor = at::empty({2, count}, at::TensorOptions().dtype(at::kLong));
    auto* data = tensor.mutable_data_ptr<int64_t>();
    std::copy(pairs.receiver.begin(), pairs.receiver.end(), data);
    std::copy(pairs.sender.begin(), pairs.sender.end(), data + count);
    return tensor;
}

molspectra::Tensor fromTensor(const at::Tensor& tensor) {
    const at::Tensor wide = tensor.to(at::kDouble).contiguous();
    const auto* data = wide.const_data_ptr<double>();
    return {{wide.sizes().begin(), wide.sizes().end()}, {data, data + wide.numel()}};
}

}  // namespace

/// Whether this process was forked from one that had used LibTorch, whose threads are not here:
/// who waits for them waits forever.
bool isForked() {
    static const pid_t first = getpid();
    return getpid() != first;
}

void withTorch(const std::string& doing, const std::function<void()>& work, int threads) {
    try {
        const PythonLockRelease unlocked;
        const PlainExecution plain;
        const ThreadLimit limit(isForked() ? 1 : threads);
        const WholeMantissas whole;
        // What the caller does with other networks: inference mode has no gradients, autocast
        // changes types.
        const c10::InferenceMode ordinary(false);
        const c10::impl::ExcludeDispatchKeyGuard noCasts(c10::autocast_dispatch_keyset);
        work();
    }
    catch (const OpenMMException&) {
        throw;
    }
    catch (const c10::Error& error) {
        throw OpenMMException(cat(doing, essence(error.what_without_backtrace())));
    }
    catch (const std::exception& error) {
        throw OpenMMException(cat(doing, essence(error.what())));
    }
}

struct TorchModel::Impl {
    std::string name;
    molspectra::ModelDescription description;
    torch::jit::Module module;
    TorchPlacement placement;

    [[noreturn]] void refuse(const std::string& text) const {
        throw OpenMMException(cat("MolSpectraForce: evaluating model ", name, ": ", text));
    }
};

TorchModel::TorchModel(const std::string& bytes, const std::string& name,
                       const TorchPlacement& placement)
    : impl(std::make_unique<Impl>(Impl{name, readDescription(bytes, name),
                                       loadModule(bytes, name, placement.device), placement})) {
    checkForward(impl->module, name);
    checkWeights(impl->module, impl->description, name);
    checkCutoffs(impl->module, impl->description.config, name);
    // Single precision cannot whiten the vectors of a planar molecule: forces would be noise.
    impl->placement.doublePrecision |= impl->description.dtype == "float64" ||
                                       impl->description.config.whitens();
    withTorch(cat("MolSpectraForce: preparing model ", name, ": "), [&] {
        impl->module.eval();
        convert(impl->module, impl->placement.doublePrecision);
    }, 1);
}

TorchModel::~TorchModel() = default;

const std::string& TorchModel::name() const {
    return impl->name;
}

const molspectra::ModelDescription& TorchModel::description() const {
    return impl->description;
}

bool TorchModel::doublePrecision() const {
    return impl->placement.doublePrecision;
}

int TorchModel::threadsFor(int64_t pairs) const {
    const int64_t paid = 1 + pairs * description().config.channels / elementsPerThread;
    return static_cast<int>(std::min<int64_t>(impl->placement.threads, paid));
}

molspectra::Tensors TorchModel::tensors() const {
    molspectra::Tensors tensors;
    withTorch(cat("MolSpectraForce: reading the weights of ", impl->name, ": "), [&] {
        for (const auto& parameter : impl->module.named_parameters())
            tensors[parameter.name] = fromTensor(parameter.value);
        for (const auto& buffer : impl->module.named_buffers())
            tensors[buffer.name] = fromTensor(buffer.value);
    }, 1);
    return tensors;
}

TorchModel::Result TorchModel::evaluate(std::span<const int> atomicNumbers,
                                        std::span<const double> positions,
                                        const molspectra::NeighborPairs& pairs, bool wantForces) {
    Result result;
    const auto atoms = static_cast<int64_t>(atomicNumbers.size());
    const auto count = static_cast<int64_t>(pairs.size());
    const auto work = [&] {
        const std::vector<int64_t> numbers(atomicNumbers.begin(), atomicNumbers.end());
        const c10::AutoGradMode gradients(wantForces);
        at::Tensor x = toTensor<double>(positions, {atoms, 3}, at::kDouble);
        x.requires_grad_(wantForces);
        const at::Tensor energy =
            forward(toTensor<int64_t>(numbers, {atoms}, at::kLong), x, pairTensor(pairs),
                    toTensor<double>(pairs.shift, {count, 3}, at::kDouble),
                    at::zeros({atoms}, at::TensorOptions().dtype(at::kLong)), 1);
        result.energy = energy.item().toDouble();
        if (wantForces)
            result.forces = fromTensor(gradient(energy, x).neg()).values;
    };
    withTorch(cat("MolSpectraForce: evaluating model ", impl->name, ": "), work,
              threadsFor(count));
    return result;
}

at::Tensor TorchModel::forward(const at::Tensor& numbers, const at::Tensor& positions,
                               const at::Tensor& pairs, const at::Tensor& shifts,
                               const at::Tensor& molecule, int64_t molecules) {
    at::Tensor energies =
        impl->module.forward({numbers, positions, pairs, shifts, molecule, molecules}).toTensor();
    if (energies.dim() != 1 || energies.size(0) != molecules)
        impl->refuse(cat(energies.numel(), " energies returned for ", molecules,
                         " molecules, expected one for each"));
    return energies;
}

at::Tensor TorchModel::gradient(const at::Tensor& energy, const at::Tensor& positions) const {
    if (!energy.requires_grad())
        impl->refuse("the energy has no derivative, expected it to depend on the positions");
    const auto gradients = torch::autograd::grad({energy.sum()}, {positions}, {}, std::nullopt,
                                                 false, /*allow_unused=*/true);
    return gradients[0].defined() ? gradients[0] : at::zeros_like(positions);
}

}  // namespace MolSpectraPlugin
