// Spectra of JCAMP-DX files (versions 4.24 and 5), as instruments and collections write them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace molspectra {

struct JcampSpectrum {
    std::string title;
    std::string dataType;  ///< "INFRARED SPECTRUM", "UV/VIS SPECTRUM", as written; may be ""
    std::string xUnits, yUnits;  ///< as written
    bool peaks = false;    ///< a table of peaks, not a curve
    std::vector<double> x, y;    ///< in the order of the file, factors applied, all finite
    int64_t missing = 0;  ///< points without a value ("?")
};

/// Reads the one curve of a file, ##XYDATA=(X++(Y..Y)) or (XY..XY) or ##XYPOINTS=(XY..XY); where
/// there is none, its one ##PEAK TABLE=(XY..XY). Files of several blocks are searched whole; files
/// compressed by gzip are taken.
/// @throws Error naming file and line: not such a file, cut off, no spectrum or several, a form
///         that is not known, or a table that contradicts its own checks or the records FIRSTX,
///         LASTX, DELTAX, NPOINTS and FIRSTY
JcampSpectrum readJcamp(const std::string& path);

}  // namespace molspectra
