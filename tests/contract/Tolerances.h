// The tolerances of the contract tests, by name; energies in kJ/mol, forces in kJ/mol/nm.
// SPDX-License-Identifier: MIT
#pragma once

namespace contract {

/// One set for each precision of an evaluator's arithmetic.
struct Tolerances {
    /// Two evaluations that differ only in the order of sums, relative to the larger.
    double rounding;

    /// An energy that contains a molecular offset of about 4e5 kJ/mol, which is added in double.
    double energyRounding;

    /// Central difference of step `differenceStep` against an analytic derivative, relative.
    double difference;
    double differenceStep;  ///< nm; rounding of the energy asks for a longer one in single

    /// Largest change of a force over one step of a scan through the cutoff, relative to the force
    /// at 0.6 cutoff. A force that does not vanish at the cutoff jumps by several percent.
    double forceJump;

    /// The same for the energy, relative to the energy of the interaction at 0.6 cutoff.
    double energyJump;

    /// Net force and net torque, relative to the sum of the magnitudes.
    double balance;

    /// Spread of the total energy over a short trajectory, relative to the kinetic energy.
    double drift;
};

inline constexpr Tolerances inDouble = {.rounding = 1e-9,
                                        .energyRounding = 1e-7,
                                        .difference = 1e-5,
                                        .differenceStep = 1e-4,
                                        .forceJump = 1e-3,
                                        .energyJump = 1e-3,
                                        .balance = 1e-9,
                                        .drift = 2e-3};

/// Instead of differenceStep where vectors are whitened: their energy curves within shorter ways.
inline constexpr double whitenedStep = 1e-5;

inline constexpr Tolerances inSingle = {.rounding = 5e-5,
                                        .energyRounding = 2e-4,
                                        .difference = 3e-3,
                                        .differenceStep = 5e-4,
                                        .forceJump = 1e-3,
                                        .energyJump = 1e-3,
                                        .balance = 5e-6,
                                        .drift = 2e-3};

/// Native single precision against TorchScript in double: root mean square of the difference of
/// forces relative to that of the forces. A molecule has some 5e-6, a box of water's atoms more.
inline constexpr double nativeSingle = 2e-5;
/// The same for native double precision.
inline constexpr double nativeDouble = 1e-9;

}  // namespace contract
