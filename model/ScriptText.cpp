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

std::string repeat(const std::string& lines, int64_t times) {
    std::string text;
    for (int64_t number = 0; number < times; number++)
        for (const char letter : lines)
            text += letter == '@' ? std::to_string(number) : std::string(1, letter);
    return text;
}

}  // namespace

std::string selectLines(const std::string& source, const std::set<std::string>& facts,
                        const std::map<std::string, int64_t>& repeats) {
    constexpr std::string_view each = "each ";
    std::string text, repeated, what;
    for (const std::string& line : split(source, '\n')) {
        const size_t at = line.find(marker);
        const std::string condition =
            at == std::string::npos ? "" : trim(line.substr(at + marker.size()));
        if (condition.starts_with(each)) {
            what = condition.substr(each.size());
            repeated += line.substr(0, at) + "\n";
            continue;
        }
        if (!repeated.empty())
            text += repeat(repeated, repeats.at(what));
        repeated.clear();
        if (condition.empty() || holds(condition, facts))
            text += line.substr(0, at) + "\n";
    }
    return text;
}

}  // namespace molspectra
