// The records of a JCAMP-DX file, block by block.
// SPDX-License-Identifier: MIT
#include "trainer/data/JcampBlocks.h"

#include "core/Error.h"
#include "core/TextLines.h"

#include <algorithm>
#include <string_view>

namespace molspectra {

namespace {

/// Labels are the same in any letter case, with or without spaces, dashes, slashes, underscores.
std::string labelOf(std::string_view text) {
    std::string label;
    for (const char c : lower(text))
        if (c != ' ' && c != '\t' && c != '-' && c != '/' && c != '_' && c != '.')
            label += c;
    return label;
}

std::string withoutSpaces(std::string_view text) {
    std::string bare = lower(text);
    std::erase_if(bare, [](char c) { return c == ' ' || c == '\t'; });
    return bare;
}

class BlockReader {
public:
    explicit BlockReader(const std::string& path) : lines_(path) {}

    std::vector<JcampBlock> read() {
        std::string_view line;
        while (lines_.next(line)) {
            line = line.substr(0, line.find("$$"));
            line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
            if (line.starts_with("##"))
                record(line.substr(2));
            else if (!line.empty())
                continuation(line);
        }
        if (!open_.empty())
            fail("reading ", lines_.path(), ": the block of line ", open_.back().line,
                 " has no ##END=, expected one; the file was cut off");
        if (closed_.empty())
            fail("reading ", lines_.path(), ": no ##TITLE= was found, expected a JCAMP-DX file");
        return std::move(closed_);
    }

private:
    template <class... Parts>
    [[noreturn]] void refuse(const Parts&... parts) const {
        fail("reading ", lines_.path(), " line ", lines_.number(), ": ", parts...);
    }

    void record(std::string_view text) {
        const size_t equals = text.find('=');
        if (equals == text.npos)
            refuse("a record has no '=', expected ##LABEL=value");
        const std::string label = labelOf(text.substr(0, equals));
        const std::string value = trim(text.substr(equals + 1));
        inTable_ = false;
        if (label == "title")
            open_.push_back({lines_.number(), {}, {}});
        if (open_.empty())
            refuse("a record stands outside of any block, expected ##TITLE= before it");
        if (label == "end") {
            closed_.push_back(std::move(open_.back()));
            open_.pop_back();
            return;
        }
        inTable_ = label == "xydata" || label == "xypoints" || label == "peaktable";
        if (inTable_)
            open_.back().tables.push_back({label, withoutSpaces(value), lines_.number(), {}});
        else if (!label.empty())
            open_.back().records.try_emplace(label, JcampRecord{lines_.number(), value});
    }

    /// Texts over several lines are of no use here.
    void continuation(std::string_view line) {
        if (open_.empty())
            refuse("text stands outside of any block, expected ##TITLE= before it");
        if (inTable_)
            open_.back().tables.back().lines.push_back({lines_.number(), std::string(line)});
    }

    TextLines lines_;
    std::vector<JcampBlock> open_, closed_;
    bool inTable_ = false;
};

}  // namespace

std::vector<JcampBlock> readJcampBlocks(const std::string& path) {
    return BlockReader(path).read();
}

}  // namespace molspectra
