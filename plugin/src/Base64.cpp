// Three bytes are four characters of six bits each.
// SPDX-License-Identifier: MIT
#include "plugin/src/Base64.h"

#include "core/Text.h"

#include <openmm/OpenMMException.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace MolSpectraPlugin {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<int, 256> invertAlphabet() {
    std::array<int, 256> values;
    values.fill(-1);
    for (size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
    return values;
}

bool isSpace(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

[[noreturn]] void refuse(const std::string& found) {
    throw OpenMM::OpenMMException(molspectra::cat(
        "MolSpectraForce: reading the model from XML: ", found, "; the text was damaged"));
}

}  // namespace

std::string encodeBase64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const size_t count = std::min<size_t>(3, bytes.size() - i);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k)
            text.push_back(k <= count ? alphabet[group >> (18 - 6 * k) & 63] : '=');
    }
    return text;
}

std::string decodeBase64(std::string_view text) {
    static const std::array<int, 256> values = invertAlphabet();
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    uint32_t group = 0;
    size_t characters = 0, padding = 0;
    for (const char c : text) {
        if (isSpace(c))
            continue;
        const int value = values[static_cast<unsigned char>(c)];
        if (c == '=')
            ++padding;
        else if (value < 0 || padding > 0)
            refuse(molspectra::cat("character '", c, "' found where base64 was expected"));
        group = group << 6 | (c == '=' ? 0u : static_cast<uint32_t>(value));
        if (++characters % 4 == 0)
            for (int shift = 16; shift >= 0; shift -= 8)
                bytes.push_back(static_cast<char>(group >> shift & 255));
    }
    if (characters % 4 != 0 || padding > 2)
        refuse(molspectra::cat(characters, " characters found, expected a multiple of 4"));
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace MolSpectraPlugin
