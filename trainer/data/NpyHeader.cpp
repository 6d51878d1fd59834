// The .npy header is a Python dictionary literal of three known keys.
// SPDX-License-Identifier: MIT
#include "trainer/data/NpyHeader.h"

#include "core/Error.h"

namespace molspectra {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t mostDimensions = 32;

/// Reads the header's literal from left to right; `where` opens its errors.
class HeaderParser {
public:
    HeaderParser(std::string_view text, std::string where)
        : text_(text), where_(std::move(where)) {}

    NpyHeader parse() {
        NpyHeader header;
        bool described = false, ordered = false, shaped = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted();
            expect(':');
            if (key == "descr")
                header.dtype = quoted(), described = true;
            else if (key == "fortran_order")
                header.fortranOrder = boolean(), ordered = true;
            else if (key == "shape")
                header.shape = tuple(), shaped = true;
            else
                fail(where_, "the array header has an unknown key \"", key, "\"");
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        if (!described || !ordered || !shaped)
            fail(where_, "the array header lacks one of descr, fortran_order and shape");
        return header;
    }

private:
    void skipSpaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n'))
            at_++;
    }

    bool accept(char wanted) {
        skipSpaces();
        const bool found = at_ < text_.size() && text_[at_] == wanted;
        at_ += found;
        return found;
    }

    void expect(char wanted) {
        if (!accept(wanted))
            fail(where_, "the array header has no '", wanted, "' at character ", at_,
                 ", expected a NumPy array of plain numbers");
    }

    std::string quoted() {
        const char quote = accept('"') ? '"' : '\'';
        if (quote == '\'')
            expect('\'');
        const size_t end = text_.find(quote, at_);
        if (end == text_.npos)
            fail(where_, "the array header has a text without its end");
        const std::string text(text_.substr(at_, end - at_));
        at_ = end + 1;
        return text;
    }

    bool boolean() {
        skipSpaces();
        for (const std::string_view word : {"True", "False"})
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return word == "True";
            }
        fail(where_, "fortran_order of the array header is neither True nor False");
    }

    std::vector<size_t> tuple() {
        std::vector<size_t> shape;
        expect('(');
        while (!accept(')')) {
            shape.push_back(number());
            if (shape.size() > mostDimensions)
                fail(where_, "the array has more than ", mostDimensions, " dimensions");
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        return shape;
    }

    size_t number() {
        skipSpaces();
        const size_t start = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9')
            at_++;
        const std::string_view digits = text_.substr(start, at_ - start);
        accept('L');  // written by Python 2
        if (digits.empty() || digits.size() > 18)
            fail(where_, "the array header has no proper shape at character ", start);
        return size_t(parseInteger(digits, "a shape"));
    }

    std::string_view text_;
    std::string where_;
    size_t at_ = 0;
};

/// The literal of a header: versions of the format differ in the width of its length.
std::string_view headerText(std::string_view content, const std::string& where) {
    if (!content.starts_with(magic) || content.size() < magic.size() + 4)
        fail(where, "it does not begin like a NumPy array; the file is damaged or no NPZ archive");
    const int version = uint8_t(content[6]);
    if (version < 1 || version > 3)
        fail(where, "the array is of NPY version ", version, ", expected 1 to 3");
    const size_t width = version == 1 ? 2 : 4;
    size_t length = 0;
    for (size_t k = width; k-- > 0 && 8 + width <= content.size();)
        length = length << 8 | uint8_t(content[8 + k]);
    if (8 + width > content.size() || length > content.size() - 8 - width)
        fail(where, "the array header is longer than the array; the file is damaged");
    return content.substr(8 + width, length);
}

}  // namespace

NpyHeader readNpyHeader(std::string_view content, const std::string& where) {
    const std::string_view text = headerText(content, where);
    NpyHeader header = HeaderParser(text, where).parse();
    header.size = size_t(text.data() + text.size() - content.data());
    return header;
}

std::string npyHeader(const std::string& dtype, const std::vector<size_t>& shape) {
    std::string text = cat("{'descr': '", dtype, "', 'fortran_order': False, 'shape': (");
    for (size_t length : shape)
        text += cat(length, ",");
    text += "), }";
    // Data start at a multiple of 64, and the header ends with a line feed.
    text.append(63 - (10 + text.size()) % 64, ' ');
    text.push_back('\n');
    std::string header(magic);
    header.append({'\1', '\0', char(text.size() & 0xff), char(text.size() >> 8)});
    return header + text;
}

}  // namespace molspectra
