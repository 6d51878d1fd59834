// Every knob of a training run.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/objectives/EnergyForces.h"

#include <cstdint>
#include <string>

namespace molspectra {

struct ScheduleOptions {
    std::string kind = "plateau";     ///< "plateau", "cosine" or "constant"
    double learningRate = 5e-4;
    double minimum = 1e-7;            ///< learning rate at which it stops falling
    int64_t warmup = 1000;            ///< steps of linear rise from zero
    double plateauFactor = 0.8;
    int64_t plateauPatience = 30;     ///< validations without a new best before the rate falls
};

struct TrainingOptions {
    int64_t steps = 140000;
    int64_t batch = 8;                ///< molecules of a step, in each process
    int64_t validationInterval = 0;   ///< steps between validations; 0 is once an epoch
    int64_t checkpointInterval = 2000;  ///< steps between checkpoints
    double checkpointSeconds = 600.0;   ///< after which one is saved in any case
    uint64_t seed = 1;
    ScheduleOptions schedule;
    double weightDecay = 0.0;
    double averageDecay = 0.999;      ///< of the exponential average of weights; 0 is off
    double gradientClip = 0.0;        ///< largest norm of the whole gradient; 0 is off
};

/// What fine-tuning adds.
struct FinetuneOptions : TrainingOptions {
    EnergyForcesOptions objective;
    double encoderRate = 1.0;         ///< part of the learning rate for all but the energy head
    double denoisingWeight = 0.0;     ///< of a second, noisy pass; needs a noise head
    double denoisingSigma = 0.005;    ///< angstrom
    double reportFactor = 1.0;        ///< user's energy units in one of the model's
};

}  // namespace molspectra
