// The tolerances of the contract tests, by name; energies in kJ/mol, forces in kJ/mol/nm.
// SPDX-License-Identifier: MIT
#pragma once

namespace contract {

/// Two evaluations in double that differ only in the order of sums, relative to the larger.
inline constexpr double rounding = 1e-9;

/// An energy that contains a molecular offset of about 4e5 kJ/mol in double.
inline constexpr double energyRounding = 1e-7;

/// Central difference of step `differenceStep` against an analytic derivative, relative.
inline constexpr double difference = 1e-5;
inline constexpr double differenceStep = 1e-4;  ///< nm

/// Largest change of a force over one step of a scan through the cutoff, relative to the force at
/// 0.6 cutoff. A force that does not vanish at the cutoff jumps by several percent.
inline constexpr double forceJump = 1e-3;

/// The same for the energy, relative to the energy of the interaction at 0.6 cutoff.
inline constexpr double energyJump = 1e-3;

/// Net force and net torque, relative to the sum of the magnitudes.
inline constexpr double balance = 1e-9;

/// Spread of the total energy over a short trajectory, relative to the kinetic energy.
inline constexpr double drift = 2e-3;

}  // namespace contract
