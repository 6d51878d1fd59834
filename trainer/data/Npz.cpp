// The .npy header is a Python dictionary literal of three known keys; sizes are checked first.
// SPDX-License-Identifier: MIT
#include "trainer/data/Npz.h"

#include "core/Error.h"
#include "core/Files.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace molspectra {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they lie");

constexpr std::string_view magic = "\x93NUMPY";
constexpr size_t mostDimensions = 32;

struct Header {
    std::string dtype;
    bool fortranOrder = false;
    std::vector<size_t> shape;
};

/// Reads the header's literal from left to right; `where` opens its errors.
class HeaderParser {
public:
    HeaderParser(std::string_view text, std::string where)
        : text_(text), where_(std::move(where)) {}

    Header parse() {
        Header header;
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

struct NumberType {
    std::string_view name;  ///< as in a header, without the byte order
    size_t width;
    void (*convert)(const char* bytes, double* values, size_t count);
};

template <class T>
void convert(const char* bytes, double* values, size_t count) {
    for (size_t k = 0; k < count; k++) {
        T number;
        std::memcpy(&number, bytes + k * sizeof(T), sizeof(T));
        values[k] = double(number);
    }
}

constexpr NumberType numberTypes[] = {
    {"f4", 4, convert<float>},    {"f8", 8, convert<double>},   {"i1", 1, convert<int8_t>},
    {"i2", 2, convert<int16_t>},  {"i4", 4, convert<int32_t>},  {"i8", 8, convert<int64_t>},
    {"u1", 1, convert<uint8_t>},  {"u2", 2, convert<uint16_t>}, {"u4", 4, convert<uint32_t>},
    {"u8", 8, convert<uint64_t>}, {"b1", 1, convert<uint8_t>}};

const NumberType& typeOf(const std::string& dtype, const std::string& where) {
    if (dtype.starts_with('>'))
        fail(where, "the numbers are of type \"", dtype,
             "\" (big endian), expected little endian; convert with .astype(\"<\" + ...)");
    const std::string_view name = std::string_view(dtype).substr(dtype.empty() ? 0 : 1);
    const bool ordered = dtype.starts_with('<') || dtype.starts_with('|') || dtype.starts_with('=');
    for (const NumberType& type : numberTypes)
        if (ordered && type.name == name)
            return type;
    fail(where, "the elements are of type \"", dtype,
         "\", expected f4, f8, i1 to i8, u1 to u8 or bool");
}

/// Number of elements, if it and its bytes can be counted.
size_t elementCount(const std::vector<size_t>& shape, size_t width, const std::string& where) {
    if (std::find(shape.begin(), shape.end(), size_t{0}) != shape.end())
        return 0;
    size_t count = 1, bytes = width;
    for (size_t length : shape) {
        if (__builtin_mul_overflow(bytes, length, &bytes))
            fail(where, "the shape of the array is too large to be counted");
        count *= length;
    }
    return count;
}

/// Values in C order of an array that lies in Fortran order.
std::vector<double> transposed(const std::vector<double>& values,
                               const std::vector<size_t>& shape) {
    std::vector<double> result(values.size());
    std::vector<size_t> index(shape.size(), 0);
    for (double& value : result) {
        size_t position = 0;
        for (size_t k = shape.size(); k-- > 0;)
            position = position * shape[k] + index[k];
        value = values[position];
        for (size_t k = shape.size(); k-- > 0 && ++index[k] == shape[k];)
            index[k] = 0;
    }
    return result;
}

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

NpyArray parseNpy(std::string_view content, const std::string& where) {
    const std::string_view text = headerText(content, where);
    const Header header = HeaderParser(text, where).parse();
    const NumberType& type = typeOf(header.dtype, where);
    const size_t count = elementCount(header.shape, type.width, where);
    const auto start = size_t(text.data() + text.size() - content.data());
    NpyArray array{header.shape, header.dtype, {}};
    if (content.size() - start != count * type.width)
        fail(where, "the header says ", array.shapeText(), " of \"", header.dtype, "\", which is ",
             count * type.width, " bytes, but ", content.size() - start, " follow");
    array.values.resize(count);
    type.convert(content.data() + start, array.values.data(), count);
    if (header.fortranOrder && header.shape.size() > 1)
        array.values = transposed(array.values, header.shape);
    return array;
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

template <class T>
void appendNumbers(std::string& bytes, const NpyArray& array, const std::string& where) {
    for (double value : array.values) {
        const bool fits = value >= double(std::numeric_limits<T>::lowest()) &&
                          value <= double(std::numeric_limits<T>::max());
        if (std::is_integral_v<T> && (!fits || value != std::floor(value) || value >= 0x1p63))
            fail(where, value, " was found, expected integers of type \"", array.dtype, "\"");
        const T number = T(value);
        bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
}

std::string npyBytes(const NpyArray& array, const std::string& where) {
    if (elementCount(array.shape, 8, where) != array.values.size())
        fail(where, array.values.size(), " values were given for the shape ", array.shapeText());
    const bool integers = array.dtype == "<i8" || array.dtype == "|u1";
    std::string bytes = npyHeader(integers ? array.dtype : "<f8", array.shape);
    if (array.dtype == "<i8")
        appendNumbers<int64_t>(bytes, array, where);
    else if (array.dtype == "|u1")
        appendNumbers<uint8_t>(bytes, array, where);
    else
        appendNumbers<double>(bytes, array, where);
    return bytes;
}

}  // namespace

std::string NpyArray::shapeText() const {
    std::vector<std::string> lengths;
    for (size_t length : shape)
        lengths.push_back(std::to_string(length));
    return "[" + join(lengths, ", ") + "]";
}

NpzFile::NpzFile(const std::string& path) try : archive_(path) {
} catch (const Error& error) {
    const std::string_view text = error.what();
    if (text.find("no zip directory found") == text.npos)
        throw;
    fail("reading ", path, ": it is not an NPZ archive (no zip directory found); the file is ",
         "another format or was cut off");
}

std::vector<std::string> NpzFile::keys() const {
    std::vector<std::string> keys;
    for (const ZipMember& member : archive_.members())
        if (member.name.ends_with(".npy"))
            keys.push_back(member.name.substr(0, member.name.size() - 4));
    return keys;
}

bool NpzFile::contains(const std::string& key) const {
    return archive_.contains(key + ".npy");
}

NpyArray NpzFile::read(const std::string& key) const {
    if (!contains(key))
        fail("reading ", path(), ": there is no array \"", key, "\", found ", join(keys(), ", "));
    return parseNpy(archive_.read(key + ".npy"), cat("reading ", path(), ": array ", key, ": "));
}

void writeNpz(const std::string& path, const std::map<std::string, NpyArray>& arrays) {
    std::map<std::string, std::string> contents;
    for (const auto& [key, array] : arrays)
        contents[key + ".npy"] = npyBytes(array, cat("writing ", path, ": array ", key, ": "));
    writeFileSafely(path, storedZip(contents));
}

}  // namespace molspectra
