// Reading a struct of options from JSON: every entry there, of its member's type, and no other.
// SPDX-License-Identifier: MIT
#pragma once

#include "core/Error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace molspectra {

/// Reads one option of the type of the member it is stored in.
class OptionReader {
public:
    /// @param json   an object
    /// @param what   "the model configuration", for errors
    /// @param where  file named in errors
    OptionReader(const nlohmann::json& json, std::string what, const std::string& where)
        : json_(json), what_(std::move(what)), where_(where) {
        if (!json.is_object())
            fail("reading ", where_, ": ", what_, " is a JSON ", json.type_name(),
                 ", expected an object");
    }

    /// @throws Error for an entry of another name, with the nearest of `names`
    void allowOnly(const std::vector<std::string>& names) const {
        for (const auto& [key, value] : json_.items())
            if (std::find(names.begin(), names.end(), key) == names.end())
                fail("reading ", where_, ": ", what_, " has an unknown option \"", key,
                     "\"; did you mean \"", nearest(key, names), "\"?");
    }

    /// @throws Error if the entry is missing or of another type
    template <class T>
    void operator()(const char* name, T& value) const {
        const auto entry = json_.find(name);
        if (entry == json_.end())
            fail("reading ", where_, ": ", what_, " has no \"", name, "\"");
        read(name, *entry, value);
    }

private:
    using Json = nlohmann::json;

    void read(const char* name, const Json& entry, bool& value) const {
        require(entry.is_boolean(), name, entry, "true or false");
        value = entry.get<bool>();
    }

    void read(const char* name, const Json& entry, double& value) const {
        require(entry.is_number(), name, entry, "a number");
        value = entry.get<double>();
    }

    void read(const char* name, const Json& entry, std::string& value) const {
        require(entry.is_string(), name, entry, "a text");
        value = entry.get<std::string>();
    }

    void read(const char* name, const Json& entry, int& value) const {
        readInteger(name, entry, value);
    }

    void read(const char* name, const Json& entry, int64_t& value) const {
        readInteger(name, entry, value);
    }

    template <class Integer>
    void readInteger(const char* name, const Json& entry, Integer& value) const {
        constexpr double limit = std::numeric_limits<int>::max();
        const bool fits = entry.is_number_integer() && std::abs(entry.get<double>()) <= limit;
        require(fits, name, entry, "an integer");
        value = entry.get<Integer>();
    }

    void require(bool ok, const char* name, const Json& entry, const char* expected) const {
        if (!ok)
            fail("reading ", where_, ": \"", name, "\" of ", what_, " is ",
                 entry.dump(-1, ' ', false, Json::error_handler_t::replace), ", expected ",
                 expected);
    }

    const Json& json_;
    std::string what_;
    const std::string& where_;
};

/// Checks one option of a configuration.
/// @throws Error naming it, its value and what is expected
template <class T>
void requireOption(bool ok, const char* what, const std::string& name, const T& value,
                   const std::string& expected) {
    if (!ok)
        fail("checking ", what, ": ", name, " is ", value, ", expected ", expected);
}

}  // namespace molspectra
