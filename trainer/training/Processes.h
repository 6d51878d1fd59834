// The processes that train one network together, each on its part of every batch.
// SPDX-License-Identifier: MIT
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <memory>
#include <vector>

namespace molspectra {

/// Every call but rank() and size() must be made by all processes, in the same order.
class Processes {
public:
    virtual ~Processes() = default;

    virtual int64_t rank() const = 0;
    virtual int64_t size() const = 0;
    bool first() const { return rank() == 0; }

    /// Replaces a tensor of the run's device by its sum over all processes.
    /// @throws Error when another process has stopped
    virtual void sum(at::Tensor& tensor) = 0;
    /// The tensors of all processes, by rank; equal shapes. @throws Error as sum
    virtual std::vector<at::Tensor> gather(const at::Tensor& tensor) = 0;

    /// Replaces tensors, of one device and type, by their means over all processes.
    void average(std::vector<at::Tensor>& tensors);
    /// Replaces numbers by their sums over all processes.
    void sum(std::vector<double>& numbers, c10::Device device);
    /// Whether `flag` is set in any process.
    bool any(bool flag, c10::Device device);
};

/// How many processes torchrun or mpirun have started; 1 where nothing says so.
/// @throws Error if that is no number
int64_t startedProcesses();

/// This process by itself.
std::shared_ptr<Processes> oneProcess();

/// The processes that torchrun or mpirun have started: their usual environment variables (RANK,
/// WORLD_SIZE, MASTER_ADDR, MASTER_PORT; of Open MPI, MPICH or Slurm) say which. One process where
/// there are none. Gloo joins processors, NCCL graphics cards.
/// @throws Error naming a variable that is missing or no number, or if they cannot meet
std::shared_ptr<Processes> processesFromEnvironment(c10::Device device);

/// Rank among the processes of one machine, for the choice of a graphics card; 0 for one process.
int64_t localRank();

}  // namespace molspectra
