// Files of torch.save without LibTorch: a zip archive of one pickle and the tensors it refers to.
// SPDX-License-Identifier: MIT
#include "core/TorchArchive.h"

#include "core/Error.h"
#include "core/Files.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace molspectra {

namespace {

using Kind = PickleValue::Kind;

/// How elements of a storage are read.
struct ElementType {
    const char* storageClass;
    const std::string_view dtype;
    size_t bytes;
    double (*read)(const char*);
};

template <class T>
double plain(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return static_cast<double>(value);
}

double bfloat16(const char* bytes) {
    uint16_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    return std::bit_cast<float>(uint32_t{bits} << 16);
}

double float16(const char* bytes) {
    uint16_t bits;
    std::memcpy(&bits, bytes, sizeof bits);
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const double sign = bits >> 15 ? -1.0 : 1.0;
    if (exponent == 31)
        return fraction ? std::nan("") : sign * HUGE_VAL;
    return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25)
                            : std::ldexp(fraction, -24));
}

constexpr ElementType elementTypes[] = {
    {"torch.FloatStorage", "float32", 4, plain<float>},
    {"torch.DoubleStorage", "float64", 8, plain<double>},
    {"torch.HalfStorage", "float16", 2, float16},
    {"torch.BFloat16Storage", "bfloat16", 2, bfloat16},
    {"torch.LongStorage", "int64", 8, plain<int64_t>},
    {"torch.IntStorage", "int32", 4, plain<int32_t>},
    {"torch.ByteStorage", "uint8", 1, plain<uint8_t>},
    {"torch.BoolStorage", "bool", 1, plain<uint8_t>},
};

template <auto member>
const ElementType* findType(const std::string& name) {
    for (const ElementType& type : elementTypes)
        if (name == type.*member)
            return &type;
    return nullptr;
}

ZipArchive openArchive(const std::string& path) {
    std::string bytes = readFile(path);
    // The old format opens with a pickled number, 0x1950a86a20f9469cfc6c.
    if (bytes.starts_with("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"))
        fail("reading ", path, ": found the format that torch.save wrote before version 1.6, ",
             "expected the zip archive of later ones; convert it in Python with ",
             "torch.save(torch.load(old, map_location='cpu', weights_only=False), new)");
    return ZipArchive(std::move(bytes), path);
}

std::string folderOf(const ZipArchive& zip) {
    for (const ZipMember& member : zip.members()) {
        const size_t slash = member.name.find('/');
        if (slash == std::string::npos || member.name.substr(slash) != "/data.pkl")
            continue;
        const std::string folder = member.name.substr(0, slash + 1);
        if (zip.contains(folder + "constants.pkl"))
            fail("reading ", zip.path(), ": found TorchScript, expected a checkpoint that ",
                 "torch.save wrote; a model file of molspectra needs no import");
        if (zip.contains(folder + "byteorder") && zip.read(folder + "byteorder") != "little")
            fail("reading ", zip.path(), ": its numbers are big-endian, expected little-endian; ",
                 "load and save it on the machine of another kind");
        return folder;
    }
    fail("reading ", zip.path(), ": the zip archive has no data.pkl, expected a checkpoint that ",
         "torch.save wrote");
}

/// What a parameter wraps, or the value itself.
const PickleValue& unwrapped(const PickleValue& value) {
    const bool parameter = value.text == "torch._utils._rebuild_parameter" ||
                           value.text == "torch._utils._rebuild_parameter_with_state";
    const bool wraps = value.is(Kind::Object) && parameter && !value.items.empty();
    return wraps ? *value.items.front() : value;
}

std::string describe(const PickleValue& value) {
    return value.is(Kind::Object) ? value.text : "no tensor";
}

bool areIntegers(const PickleValue& list) {
    for (const PickleValue* item : list.items)
        if (!item->is(Kind::Integer) || item->integer < 0)
            return false;
    return list.is(Kind::List);
}

std::vector<int64_t> integers(const PickleValue& list) {
    std::vector<int64_t> values;
    for (const PickleValue* item : list.items)
        values.push_back(item->integer);
    return values;
}

/// Arguments (storage, offset, shape, strides, ...) with
/// storage ("storage", class, key, place, elements).
bool isTensor(const PickleValue& value) {
    if (value.text != "torch._utils._rebuild_tensor_v2" || value.items.size() < 4)
        return false;
    const PickleValue& reference = *value.items[0];
    if (!reference.is(Kind::Reference) || reference.items[0]->items.size() < 5)
        return false;
    const auto& parts = reference.items[0]->items;
    return parts[1]->is(Kind::Class) && parts[2]->is(Kind::Text) &&
           value.items[1]->is(Kind::Integer) &&
           value.items[1]->integer >= 0 && areIntegers(*value.items[2]) &&
           areIntegers(*value.items[3]) &&
           value.items[2]->items.size() == value.items[3]->items.size();
}

/// Number of elements and the last one's place in the storage; empty beyond 2^62.
struct Extent {
    uint64_t count = 1, last = 0;
};
std::optional<Extent> extentOf(const StoredTensor& tensor) {
    constexpr uint64_t limit = uint64_t{1} << 62;
    Extent extent{1, uint64_t(tensor.offset)};
    for (size_t axis = 0; axis < tensor.shape.size(); axis++) {
        const uint64_t size = uint64_t(tensor.shape[axis]), stride = uint64_t(tensor.strides[axis]);
        if (size == 0)
            return Extent{0, 0};
        if (size > limit / extent.count || (stride > 0 && size - 1 > limit / stride))
            return std::nullopt;
        extent.count *= size;
        extent.last += (size - 1) * stride;
        if (extent.last > limit)
            return std::nullopt;
    }
    return extent;
}

}  // namespace

TorchArchive::TorchArchive(const std::string& path)
    : zip_(openArchive(path)), folder_(folderOf(zip_)),
      pickle_(zip_.read(folder_ + "data.pkl"), path) {}

StoredTensor TorchArchive::tensor(const PickleValue& value, const std::string& name) const {
    const PickleValue& inner = unwrapped(value);
    if (!inner.is(Kind::Object) || !isTensor(inner))
        fail("reading ", path(), ": ", name, " is ", describe(inner), ", expected a dense tensor (",
             "torch._utils._rebuild_tensor_v2)");
    const auto& parts = inner.items[0]->items[0]->items;
    const ElementType* type = findType<&ElementType::storageClass>(parts[1]->text);
    if (!type)
        fail("reading ", path(), ": the values of ", name, " are a ", parts[1]->text,
             ", expected floating-point numbers of 16, 32 or 64 bits, or integers");
    return {std::string(type->dtype), folder_ + "data/" + parts[2]->text,
            inner.items[1]->integer, integers(*inner.items[2]), integers(*inner.items[3])};
}

Tensor TorchArchive::read(const StoredTensor& tensor, const std::string& name) const {
    const ElementType* type = findType<&ElementType::dtype>(tensor.dtype);
    const std::string bytes = zip_.read(tensor.storage);
    const std::optional<Extent> extent = extentOf(tensor);
    const uint64_t stored = bytes.size() / type->bytes;
    // A view that repeats elements could ask for any amount of memory.
    if (!extent || extent->count > stored || (extent->count > 0 && extent->last >= stored))
        fail("reading ", path(), ": the tensor ", name, " ", shapeText(tensor.shape),
             " reaches beyond its storage of ", stored, " values; the file is damaged");
    Tensor made{tensor.shape, std::vector<double>(extent->count)};
    std::vector<int64_t> place(tensor.shape.size(), 0);
    int64_t from = tensor.offset;
    for (double& value : made.values) {
        value = type->read(bytes.data() + uint64_t(from) * type->bytes);
        for (size_t axis = place.size(); axis-- > 0;) {
            from += tensor.strides[axis];
            if (++place[axis] < tensor.shape[axis])
                break;
            from -= tensor.shape[axis] * tensor.strides[axis];
            place[axis] = 0;
        }
    }
    return made;
}

std::string shapeText(const std::vector<int64_t>& shape) {
    std::vector<std::string> sizes;
    for (const int64_t size : shape)
        sizes.push_back(std::to_string(size));
    return cat("[", join(sizes, ","), "]");
}

}  // namespace molspectra
