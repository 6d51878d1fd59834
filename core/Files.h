// Reading whole files, and writing them so that nothing is lost: beside, flushed, then renamed.
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace molspectra {

/// What the name says that a file holds: the extension in lower case and without its dot, that of
/// the content where it is compressed ("sdf" of "a.SDF.gz"; archives keep both, "tar.gz").
std::string fileKind(const std::string& path);

/// Whole content. @throws Error naming the file if it is missing or unreadable.
std::string readFile(const std::string& path);

/// Writes `content` to a file beside `path`, flushes it to the disk and renames it onto `path`.
/// A full disk or an interruption leaves an existing `path` as it was.
/// @throws Error naming the file and the system's reason
void writeFileSafely(const std::string& path, std::string_view content);

/// The same for a writer that needs a path of its own: it is given the file beside `path`.
void writeFileSafely(const std::string& path, const std::function<void(const std::string&)>& write);

/// Hexadecimal SHA-256 (FIPS 180-4) of the bytes.
std::string sha256(std::string_view bytes);

}  // namespace molspectra
