// Values of a pickle as JSON: what options and provenance are kept in.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Pickle.h"

namespace molspectra {

namespace {

using Kind = PickleValue::Kind;

class JsonMaker {
public:
    explicit JsonMaker(const std::string& where) : where_(where) {}

    nlohmann::json make(const PickleValue& value, int depth = 0) {
        letters_ += value.text.size();
        if (depth > deepest || ++parts_ > mostParts || letters_ > mostLetters)
            fail("reading ", where_, ": its values are nested more than ", deepest,
                 " deep or are more than ", mostParts, ", or their text is longer than ",
                 mostLetters, ", expected a page of options");
        switch (value.kind) {
        case Kind::None: return nullptr;
        case Kind::Boolean: return value.integer != 0;
        case Kind::Integer: return value.integer;
        case Kind::Real: return value.real;
        case Kind::Text: return value.text;
        case Kind::List: return list(value, depth);
        case Kind::Dictionary: return dictionary(value, depth);
        case Kind::Object: return object(value, depth);
        case Kind::Class: return cat("<", value.text, ">");
        case Kind::Bytes: return "<bytes>";
        case Kind::Reference: return "<a reference>";
        }
        return nullptr;
    }

private:
    static constexpr int deepest = 50, mostParts = 100000;
    static constexpr size_t mostLetters = 10'000'000;

    nlohmann::json list(const PickleValue& value, int depth) {
        nlohmann::json made = nlohmann::json::array();
        for (const PickleValue* item : value.items)
            made.push_back(make(*item, depth + 1));
        return made;
    }

    nlohmann::json dictionary(const PickleValue& value, int depth) {
        nlohmann::json made = nlohmann::json::object();
        for (const auto& [key, entry] : value.entries) {
            const nlohmann::json name = make(*key, depth + 1);
            made[name.is_string() ? name.get<std::string>()
                                  : name.dump(-1, ' ', false, replaceBadText)] =
                make(*entry, depth + 1);
        }
        return made;
    }

    nlohmann::json object(const PickleValue& value, int depth) {
        if (!value.text.starts_with("pathlib."))
            return value.entries.empty() ? nlohmann::json(cat("<", value.text, ">"))
                                         : dictionary(value, depth);
        std::string path;
        for (const PickleValue* part : value.items)
            path += path.empty() || path == "/" ? part->text : "/" + part->text;
        return path;
    }

    static constexpr auto replaceBadText = nlohmann::json::error_handler_t::replace;
    const std::string& where_;
    int parts_ = 0;
    size_t letters_ = 0;
};

}  // namespace

nlohmann::json plainJson(const PickleValue& value, const std::string& where) {
    return JsonMaker(where).make(value);
}

}  // namespace molspectra
