// nlohmann's parser needs no stack for what is nested, but its copies do.
// SPDX-License-Identifier: MIT
#include "core/Json.h"

#include "core/Error.h"

namespace molspectra {

nlohmann::json parseJson(const std::string& text, const std::string& where, bool strict) {
    using Json = nlohmann::json;
    constexpr int deepest = 1000;  // a model that others were the start of holds their provenance
    const auto shallow = [&](int depth, Json::parse_event_t, const Json&) {
        if (depth > deepest)
            fail("reading ", where, ": its JSON is nested more than ", deepest,
                 " deep, expected a page of options");
        return true;
    };
    return Json::parse(text, shallow, strict);
}

}  // namespace molspectra
