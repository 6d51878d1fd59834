// Selection of the lines of a TorchScript source that a configuration needs.
// SPDX-License-Identifier: MIT
#include "model/ScriptText.h"

#include "core/Text.h"

namespace molspectra {
namespace {

constexpr std::string_view marker = "#? ";

bool holds(std::string_view condition, const std::set<std::string>& facts) {
    for (const std::string& part : split(condition, '&')) {
        const std::string fact = trim(part);
        const bool negated = fact.front() == '!';
        if (facts.contains(negated ? fact.substr(1) : fact) == negated)
            return false;
    }
    return true;
}

std::string repeat(const std::string& lines, int layers) {
    std::string text;
    for (int layer = 0; layer < layers; layer++)
        for (const char letter : lines)
            text += letter == '@' ? std::to_string(layer) : std::string(1, letter);
    return text;
}

}  // namespace

std::string selectLines(const std::string& source, const std::set<std::string>& facts,
                        int layers) {
    std::string text, repeated;
    for (const std::string& line : split(source, '\n')) {
        const size_t at = line.find(marker);
        const std::string condition =
            at == std::string::npos ? "" : trim(line.substr(at + marker.size()));
        if (condition == "each layer") {
            repeated += line.substr(0, at) + "\n";
            continue;
        }
        text += repeat(repeated, layers);
        repeated.clear();
        if (condition.empty() || holds(condition, facts))
            text += line.substr(0, at) + "\n";
    }
    return text;
}

}  // namespace molspectra
