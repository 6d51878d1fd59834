// Python pickles as plain values: what the opcodes say is written down and never executed.
// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace molspectra {

/// One value of a pickle. An object is not made: it stays the name of what Python would have
/// called, what it would have been given, and the state and entries set on it afterwards.
struct PickleValue {
    enum class Kind { None, Boolean, Integer, Real, Text, Bytes, List, Dictionary, Class, Object,
                      Reference };
    using Entry = std::pair<const PickleValue*, const PickleValue*>;

    Kind kind = Kind::None;
    int64_t integer = 0;  ///< of Boolean and Integer
    double real = 0.0;    ///< of Real
    std::string text;     ///< of Text and Bytes; "module.name" of a Class or of an Object's class
    std::vector<const PickleValue*> items;  ///< of a List (tuples and sets too); arguments of an
                                            ///< Object; the one thing a Reference holds
    std::vector<Entry> entries;             ///< of a Dictionary, or of an Object that is like one
    const PickleValue* state = nullptr;     ///< of an Object, or null

    bool is(Kind other) const { return kind == other; }
    /// Value of the last entry with this text as key, or null.
    const PickleValue* find(std::string_view key) const;
};

/// A pickle of protocol 2 to 4, read whole.
class Pickle {
public:
    /// @param where  file named in errors
    /// @throws Error if it is cut off, contradicts itself, has an opcode of another protocol, or is
    ///         larger than 16 MiB
    Pickle(std::string_view bytes, const std::string& where);
    Pickle(const Pickle&) = delete;
    Pickle& operator=(const Pickle&) = delete;

    const PickleValue& root() const { return *root_; }

private:
    std::deque<PickleValue> values_;  // elements stay where they are while it grows
    const PickleValue* root_ = nullptr;
};

/// The value as JSON. Paths become texts; anything else of a class becomes "<module.name>".
/// @throws Error naming `where` if it is nested more than 50 deep or has more than 100,000 parts
nlohmann::json plainJson(const PickleValue& value, const std::string& where);

}  // namespace molspectra
