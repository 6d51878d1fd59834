// Sizes are checked before anything is allocated; numbers are converted one by one.
// SPDX-License-Identifier: MIT
#include "trainer/data/Npz.h"

#include "core/Error.h"
#include "core/Files.h"
#include "trainer/data/NpyHeader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace molspectra {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they lie");

/// IEEE half precision, which no C++20 type has.
struct Half {
    uint16_t bits;

    operator float() const {
        const int sign = bits >> 15, exponent = bits >> 10 & 31, fraction = bits & 1023;
        const float size = exponent == 31   ? (fraction == 0 ? INFINITY : NAN)
                           : exponent == 0 ? std::ldexp(float(fraction), -24)
                                           : std::ldexp(float(fraction + 1024), exponent - 25);
        return sign != 0 ? -size : size;
    }
};

template <class To>
struct NumberType {
    std::string_view name;  ///< as in a header, without the byte order
    size_t width;
    void (*convert)(const char* bytes, To* values, size_t count);
};

template <class From, class To>
void convert(const char* bytes, To* values, size_t count) {
    for (size_t k = 0; k < count; k++) {
        From number;
        std::memcpy(&number, bytes + k * sizeof(From), sizeof(From));
        values[k] = To(number);
    }
}

template <class To>
constexpr NumberType<To> numberTypes[] = {
    {"f2", 2, convert<Half>},     {"f4", 4, convert<float>},    {"f8", 8, convert<double>},
    {"i1", 1, convert<int8_t>},   {"i2", 2, convert<int16_t>},  {"i4", 4, convert<int32_t>},
    {"i8", 8, convert<int64_t>},  {"u1", 1, convert<uint8_t>},  {"u2", 2, convert<uint16_t>},
    {"u4", 4, convert<uint32_t>}, {"u8", 8, convert<uint64_t>}, {"b1", 1, convert<uint8_t>}};

template <class To>
const NumberType<To>& typeOf(const std::string& dtype, const std::string& where) {
    if (dtype.starts_with('>'))
        fail(where, "the numbers are of type \"", dtype,
             "\" (big endian), expected little endian; convert with .astype(\"<\" + ...)");
    const std::string_view name = std::string_view(dtype).substr(dtype.empty() ? 0 : 1);
    const bool ordered = dtype.starts_with('<') || dtype.starts_with('|') || dtype.starts_with('=');
    for (const NumberType<To>& type : numberTypes<To>)
        if (ordered && type.name == name)
            return type;
    fail(where, "the elements are of type \"", dtype,
         "\", expected f2, f4, f8, i1 to i8, u1 to u8 or bool");
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
template <class T>
std::vector<T> transposed(const std::vector<T>& values, const std::vector<size_t>& shape) {
    std::vector<T> result(values.size());
    std::vector<size_t> index(shape.size(), 0);
    for (T& value : result) {
        size_t position = 0;
        for (size_t k = shape.size(); k-- > 0;)
            position = position * shape[k] + index[k];
        value = values[position];
        for (size_t k = shape.size(); k-- > 0 && ++index[k] == shape[k];)
            index[k] = 0;
    }
    return result;
}

template <class T>
NumPyArray<T> parseNpy(std::string_view content, const std::string& where) {
    const NpyHeader header = readNpyHeader(content, where);
    const NumberType<T>& type = typeOf<T>(header.dtype, where);
    const size_t count = elementCount(header.shape, type.width, where);
    NumPyArray<T> array{header.shape, header.dtype, {}};
    if (content.size() - header.size != count * type.width)
        fail(where, "the header says ", array.shapeText(), " of \"", header.dtype, "\", which is ",
             count * type.width, " bytes, but ", content.size() - header.size, " follow");
    array.values.resize(count);
    type.convert(content.data() + header.size, array.values.data(), count);
    if (header.fortranOrder && header.shape.size() > 1)
        array.values = transposed(array.values, header.shape);
    return array;
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

template <class T>
void checkCount(const NumPyArray<T>& array, const std::string& where) {
    if (elementCount(array.shape, sizeof(T), where) != array.values.size())
        fail(where, array.values.size(), " values were given for the shape ", array.shapeText());
}

std::string npyBytes(const NpyArray& array, const std::string& where) {
    checkCount(array, where);
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

std::string npyBytes(const NpyFloats& array, const std::string& where) {
    checkCount(array, where);
    return npyHeader("<f4", array.shape)
        .append(reinterpret_cast<const char*>(array.values.data()), 4 * array.values.size());
}

}  // namespace

std::string shapeText(const std::vector<size_t>& shape) {
    std::vector<std::string> lengths;
    for (size_t length : shape)
        lengths.push_back(std::to_string(length));
    return cat("[", join(lengths, ", "), "]");
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

template <class T>
NumPyArray<T> NpzFile::readAs(const std::string& key) const {
    if (!contains(key))
        fail("reading ", path(), ": there is no array \"", key, "\", found ", join(keys(), ", "));
    return parseNpy<T>(archive_.read(key + ".npy"),
                       cat("reading ", path(), ": array ", key, ": "));
}

std::string NpzFile::readText(const std::string& key) const {
    const std::string where = cat("reading ", path(), ": array ", key, ": ");
    const std::string content = archive_.read(key + ".npy");
    const NpyHeader header = readNpyHeader(content, where);
    const bool wide = header.dtype.starts_with("<U");
    if ((!wide && !header.dtype.starts_with("|S")) || elementCount(header.shape, 1, where) != 1)
        fail(where, "found ", shapeText(header.shape), " of type \"", header.dtype,
             "\", expected one text");
    const std::string_view bytes = std::string_view(content).substr(header.size);
    std::string text;
    for (size_t at = 0; at + (wide ? 3 : 0) < bytes.size(); at += wide ? 4 : 1) {
        const auto byte = [&](size_t n) { return unsigned(static_cast<unsigned char>(bytes[n])); };
        const unsigned letter = wide ? byte(at) | byte(at + 1) << 8 : byte(at);
        if (letter == 0)
            break;
        if (wide && letter >= 0x80)  // two bytes of UTF-8 hold all letters of units
            text += {char(0xc0 | (letter >> 6 & 0x1f)), char(0x80 | (letter & 0x3f))};
        else
            text += char(letter);
    }
    return text;
}

NpyArray NpzFile::read(const std::string& key) const {
    return readAs<double>(key);
}

NpyFloats NpzFile::readFloats(const std::string& key) const {
    return readAs<float>(key);
}

void writeNpz(const std::string& path, const std::map<std::string, NpyArray>& arrays,
              const std::map<std::string, NpyFloats>& floats) {
    std::map<std::string, std::string> contents;
    for (const auto& [key, array] : arrays)
        contents[key + ".npy"] = npyBytes(array, cat("writing ", path, ": array ", key, ": "));
    for (const auto& [key, array] : floats)
        contents[key + ".npy"] = npyBytes(array, cat("writing ", path, ": array ", key, ": "));
    writeFileSafely(path, storedZip(contents));
}

}  // namespace molspectra
