// The processes that train one network together, joined by LibTorch's c10d.
// SPDX-License-Identifier: MIT
#include "trainer/training/Processes.h"

#include "core/Error.h"
#include "trainer/training/Backend.h"

#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstdlib>
#include <optional>

namespace molspectra {
namespace {

class OneProcess : public Processes {
public:
    int64_t rank() const override { return 0; }
    int64_t size() const override { return 1; }
    void sum(at::Tensor&) override {}
    std::vector<at::Tensor> gather(const at::Tensor& tensor) override { return {tensor}; }
};

class JoinedProcesses : public Processes {
public:
    JoinedProcesses(int64_t rank, int64_t size, c10::intrusive_ptr<c10d::Backend> backend)
        : rank_(rank), size_(size), backend_(std::move(backend)) {}

    int64_t rank() const override { return rank_; }
    int64_t size() const override { return size_; }

    void sum(at::Tensor& tensor) override {
        std::vector<at::Tensor> tensors{tensor};
        together([&] { backend_->allreduce(tensors)->wait(); });
    }

    std::vector<at::Tensor> gather(const at::Tensor& tensor) override {
        std::vector<at::Tensor> own{tensor};
        std::vector<std::vector<at::Tensor>> all(1);
        for (int64_t n = 0; n < size_; n++)
            all[0].push_back(at::empty_like(tensor));
        together([&] { backend_->allgather(all, own)->wait(); });
        return all[0];
    }

private:
    template <class Doing>
    void together(Doing&& doing) const {
        try {
            doing();
        } catch (const std::exception& error) {
            const std::string what = error.what();
            fail("training with ", size_, " processes: process ", rank_, " could not reach all ",
                 "others (", what.substr(0, what.find('\n')), "), expected all of them to run; ",
                 "start them again, with --resume if there is a checkpoint");
        }
    }

    int64_t rank_, size_;
    c10::intrusive_ptr<c10d::Backend> backend_;
};

std::optional<std::string> variable(std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const char* value = std::getenv(name))
            return value;
    return std::nullopt;
}

// torchrun's name first, then Open MPI's, MPICH's and that of Slurm's srun.
std::optional<std::string> sizeVariable() {
    return variable({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"});
}

int64_t integerOf(const std::optional<std::string>& text, const std::string& name) {
    if (!text)
        fail("joining processes: the environment variable ", name, " is missing, expected it ",
             "beside the number of processes, as torchrun and mpirun set it");
    try {
        return parseInteger(*text, name);
    } catch (const Error&) {
        fail("joining processes: found ", name, " '", *text, "', expected a whole number");
    }
}

c10::intrusive_ptr<c10d::Store> meetingPlace(int64_t rank, int64_t size) {
    c10d::TCPStoreOptions options;
    const std::string host = variable({"MASTER_ADDR"}).value_or("127.0.0.1");
    const int64_t port = integerOf(variable({"MASTER_PORT"}).value_or("29500"), "MASTER_PORT");
    if (port < 1 || port > 65535)
        fail("joining processes: found MASTER_PORT ", port, ", expected 1 to 65535");
    options.port = static_cast<uint16_t>(port);
    // torchrun holds the store itself and says so.
    options.isServer = rank == 0 && variable({"TORCHELASTIC_USE_AGENT_STORE"}) != "True";
    options.numWorkers = static_cast<size_t>(size);
    options.timeout = std::chrono::seconds(60);
    try {
        return c10::make_intrusive<c10d::TCPStore>(host, options);
    } catch (const std::exception& error) {
        const std::string what = error.what();
        fail("joining ", size, " processes: process ", rank, " found no meeting place at ", host,
             ":", options.port, " (", what.substr(0, what.find('\n')), "); set MASTER_ADDR and a ",
             "free MASTER_PORT, the same for all");
    }
}

}  // namespace

void Processes::sum(std::vector<double>& numbers, c10::Device device) {
    if (size() == 1)
        return;
    at::Tensor all = at::tensor(numbers, at::kDouble).to(device);
    sum(all);
    const at::Tensor host = all.cpu();
    numbers.assign(host.const_data_ptr<double>(), host.const_data_ptr<double>() + host.numel());
}

void Processes::average(std::vector<at::Tensor>& tensors) {
    if (size() == 1)
        return;
    std::vector<at::Tensor> flat;
    for (const at::Tensor& tensor : tensors)
        flat.push_back(tensor.detach().reshape({-1}));
    at::Tensor all = at::cat(flat);
    sum(all);
    all.div_(static_cast<double>(size()));
    int64_t start = 0;
    for (at::Tensor& tensor : tensors) {
        const int64_t count = tensor.numel();
        tensor = all.narrow(0, start, count).view(tensor.sizes());
        start += count;
    }
}

bool Processes::any(bool flag, c10::Device device) {
    std::vector<double> flags{flag ? 1.0 : 0.0};
    sum(flags, device);
    return flags[0] > 0.0;
}

int64_t startedProcesses() {
    const auto text = sizeVariable();
    return text ? integerOf(text, "WORLD_SIZE") : 1;
}

std::shared_ptr<Processes> oneProcess() {
    return std::make_shared<OneProcess>();
}

int64_t localRank() {
    const auto text = variable({"LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID",
                                "SLURM_LOCALID"});
    return text ? integerOf(text, "LOCAL_RANK") : 0;
}

std::shared_ptr<Processes> processesFromEnvironment(c10::Device device) {
    const int64_t size = startedProcesses();
    if (size == 1)
        return oneProcess();
    const int64_t rank =
        integerOf(variable({"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"}), "RANK");
    if (size < 1 || rank < 0 || rank >= size)
        fail("joining processes: found rank ", rank, " of ", size,
             " processes, expected a rank from 0 to one below their number");
    const auto store = meetingPlace(rank, size);
    return std::make_shared<JoinedProcesses>(rank, size, joinedBackend(device, store, rank, size));
}

}  // namespace molspectra
