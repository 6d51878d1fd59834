// What files call the axes of a spectrum, in the many spellings that programs write.
// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

namespace molspectra {

/// Of positions.
enum class AxisUnit { Unknown, Wavenumber, Nanometer, Micrometer, Electronvolt };

/// Of intensities. Of transmittance the values tell whether it is in percent.
enum class IntensityScale { AsItIs, Transmittance, LogAbsorptivity, Reflectance };

/// UV positions are below it in eV and above it in nm.
inline constexpr double mostElectronvolts = 50.0;

/// Whether one of the words is in a text.
bool holds(const std::string& text, std::initializer_list<const char*> words);

const char* nameOf(AxisUnit unit);

AxisUnit axisUnitOf(const std::string& written);

/// Nothing where the words say none of what is known here.
std::optional<IntensityScale> intensityScaleOf(const std::string& written);

/// Whether the intensities are those of single transitions, which are lines and no curve.
bool tellsLines(const std::string& written);

}  // namespace molspectra
