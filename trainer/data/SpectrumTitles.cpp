// SPDX-License-Identifier: MIT
#include "trainer/data/SpectrumTitles.h"

#include "core/Text.h"

#include <algorithm>
#include <cctype>

namespace molspectra {

namespace {

/// Whether it stands there by itself: "number" and "column" hold no "um".
bool hasWord(const std::string& text, const std::string& word) {
    const auto isLetter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        const size_t end = at + word.size();
        if ((at == 0 || !isLetter(text[at - 1])) && (end == text.size() || !isLetter(text[end])))
            return true;
    }
    return false;
}

/// Letters, digits and "%" alone: "Log(1/R)" is "log1r".
std::string bareOf(const std::string& text) {
    std::string bare;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '%')
            bare += c;
    return bare;
}

}  // namespace

bool holds(const std::string& text, std::initializer_list<const char*> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char* word) { return text.find(word) != text.npos; });
}

const char* nameOf(AxisUnit unit) {
    constexpr const char* names[] = {"?", "1/cm", "nm", "micrometers", "eV"};
    return names[size_t(unit)];
}

AxisUnit axisUnitOf(const std::string& written) {
    const std::string text = lower(written);
    if (holds(text, {"1/cm", "cm-1", "cm^-1", "cm**-1", "cm\u207b\u00b9", "cm\u22121",
                     "wavenumber", "wave number"}))
        return AxisUnit::Wavenumber;
    if (hasWord(text, "nm") || holds(text, {"nanomet"}))
        return AxisUnit::Nanometer;
    if (hasWord(text, "um") || holds(text, {"micromet", "micron", "\u00b5m", "\u03bcm"}))
        return AxisUnit::Micrometer;
    if (hasWord(text, "ev") || holds(text, {"electron"}))
        return AxisUnit::Electronvolt;
    return AxisUnit::Unknown;
}

std::optional<IntensityScale> intensityScaleOf(const std::string& written) {
    const std::string text = lower(written), bare = bareOf(text);
    const bool percent = holds(text, {"%", "percent"});
    if (holds(text, {"transmi"}) || (percent && holds(text, {"trans"})))
        return IntensityScale::Transmittance;
    if (bare == "t" || bare == "%t" || bare == "t%" || bare == "percentt")
        return IntensityScale::Transmittance;
    const bool logarithm = bare.starts_with("log");
    if (logarithm && (holds(text, {"eps", "\u03b5", "molar", "absorptivity"}) || bare == "loge"))
        return IntensityScale::LogAbsorptivity;
    if (logarithm && (holds(bare, {"log1r", "log1t", "i0i", "ioi"})))  // absorbance by definition
        return IntensityScale::AsItIs;
    if (logarithm)
        return std::nullopt;
    if (holds(text, {"reflect"}))
        return IntensityScale::Reflectance;
    if (holds(text, {"abs", "epsilon", "ext", "optical density", "intens", "a.u."}))
        return IntensityScale::AsItIs;
    return std::nullopt;
}

bool tellsLines(const std::string& written) {
    const std::string text = lower(written);
    return holds(text, {"km/mol", "km mol", "a^4/amu", "a**4/amu", "\u00c5^4", "\u00e5^4",
                        "\u00c5\u2074", "\u00e5\u2074", "fosc", "oscillator"});
}

}  // namespace molspectra
