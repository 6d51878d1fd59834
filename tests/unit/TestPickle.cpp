// Pickles and the archives of torch.save: read as values, refused where damaged, nothing executed.
// SPDX-License-Identifier: MIT
#include "core/Files.h"
#include "core/Pickle.h"
#include "core/TorchArchive.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>

using namespace molspectra;
using molspectra::test::errorOf;
using molspectra::test::TemporaryFolder;
using testing::HasSubstr;

namespace {

using Kind = PickleValue::Kind;
using namespace std::string_literals;

nlohmann::json jsonOf(const std::string& bytes) {
    return plainJson(Pickle(bytes, "memory").root(), "memory");
}

/// A text of protocol 2.
std::string word(const std::string& text) {
    return "X"s + char(text.size()) + "\0\0\0"s + text;
}

/// torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())
std::string tensor(const std::string& storageClass, const std::string& key,
                   const std::string& offset, const std::string& shape,
                   const std::string& strides) {
    return "ctorch._utils\n_rebuild_tensor_v2\n(("s + word("storage") + "ctorch\n" + storageClass +
           "\n" + word(key) + word("cpu") + "K\x08tQ" + offset + shape + strides +
           "\x89" "ccollections\nOrderedDict\n)RtR";
}

/// A file of torch.save that holds {"w": tensor} and one storage.
class Archive {
public:
    explicit Archive(const std::string& value, const std::string& storage = floats(),
                     const std::string& order = "little")
        : path_(folder_.write(
              "x.ckpt", storedZip({{"archive/data.pkl", "\x80\x02}" + word("w") + value + "s."},
                                   {"archive/data/0", storage},
                                   {"archive/byteorder", order}}))) {}

    /// 0, 0.5, 1, ... 3.5
    static std::string floats() {
        std::string bytes(8 * sizeof(float), '\0');
        for (int n = 0; n < 8; n++) {
            const float value = 0.5f * float(n);
            std::memcpy(bytes.data() + 4 * n, &value, sizeof value);
        }
        return bytes;
    }

    Tensor read() const {
        const TorchArchive archive(path_);
        return archive.read(archive.tensor(*archive.root().find("w"), "w"), "w");
    }

private:
    TemporaryFolder folder_;
    std::string path_;
};

}  // namespace

TEST(Pickle, PlainValues_AreRead) {
    EXPECT_EQ(jsonOf("\x80\x02(NK\x07M\x01\x02J\xfe\xff\xff\xff\x88\x89t."s),
              nlohmann::json({nullptr, 7, 513, -2, true, false}));
    EXPECT_EQ(jsonOf("\x80\x02G\x3f\xf8\0\0\0\0\0\0."s), 1.5);
    EXPECT_EQ(jsonOf("\x80\x02\x8a\x03\0\0\x80."s), -8388608);
    EXPECT_EQ(jsonOf("\x80\x02}(" + word("a") + "K\x01" + word("b") + "](K\x02K\x03" "eu."),
              nlohmann::json({{"a", 1}, {"b", {2, 3}}}));
}

TEST(Pickle, FramesAndMemoOfProtocolFour_AreRead) {
    EXPECT_EQ(jsonOf("\x80\x04\x95\x0f\0\0\0\0\0\0\0]\x94(\x8c\x01z\x94h\x01K\x05\x85\x94" "e."s),
              nlohmann::json({"z", "z", {5}}));
}

TEST(Pickle, Objects_StayNamesAndArguments) {
    const Pickle pickle("\x80\x02" "cos\nsystem\n" + word("false") + "\x85R}" + word("a") +
                            "K\x01sb.", "memory");
    EXPECT_TRUE(pickle.root().is(Kind::Object));
    EXPECT_EQ(pickle.root().text, "os.system");
    EXPECT_EQ(pickle.root().items.at(0)->text, "false");
    EXPECT_EQ(pickle.root().state->find("a")->integer, 1);
    EXPECT_EQ(plainJson(pickle.root(), "memory"), "<os.system>");
}

TEST(Pickle, Paths_BecomeText) {
    EXPECT_EQ(jsonOf("\x80\x02" "cpathlib\nPosixPath\n" + word("/") + word("a") + word("b") +
                     "\x87R."), "/a/b");
}

TEST(Pickle, DamagedBytes_AreRefusedWithTheirPlace) {
    for (const std::string& bytes :
         {""s, "\x80\x02"s, "\x80\x02X\xff\xff\xff\xff"s, "\x80\x02."s, "\x80\x02t."s,
          "\x80\x02(K\x01R."s, "\x80\x02h\x07."s, "\x80\x02K\x01K\x02s."s, "\x80\x02NNs."s,
          "\x80\x04" "cos\nsystem\nq\x01h\x01\x93."s,
          "\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\xff"s, "\x80\x05N."s, "\x80\x02?"s})
        EXPECT_THAT(errorOf([&] { jsonOf(bytes); }), HasSubstr("at byte")) << bytes;
}

TEST(Pickle, EveryPrefixOfACheckpoint_IsRefused) {
    const std::string whole = "\x80\x02}" + word("w") +
                              tensor("FloatStorage", "0", "K\0"s, "K\x02\x85", "K\x01\x85") + "s.";
    EXPECT_NO_THROW(Pickle(whole, "memory"));
    for (size_t length = 0; length < whole.size(); length++)
        EXPECT_THAT(errorOf([&] { Pickle(whole.substr(0, length), "memory"); }),
                    HasSubstr("at byte")) << length;
}

TEST(Pickle, AnyChangedBit_IsReadOrRefused) {
    const std::string whole = "\x80\x02}(" + word("w") +
                              tensor("FloatStorage", "0", "K\0"s, "K\x02\x85", "K\x01\x85") +
                              word("o") + "]q\0(K\x01h\0NetRb."s;
    int refused = 0;
    for (size_t place = 0; place < whole.size(); place++)
        for (int bit = 0; bit < 8; bit++) {
            std::string changed = whole;
            changed[place] = char(changed[place] ^ 1 << bit);
            try {
                const Pickle pickle(changed, "memory");
                EXPECT_NO_FATAL_FAILURE(plainJson(pickle.root(), "memory"));
            } catch (const Error& error) {
                EXPECT_THAT(error.what(), HasSubstr("memory"));
                refused++;
            }
        }
    EXPECT_GT(refused, 0);
}

TEST(Pickle, SmallFilesThatMakeMuch_EndInAnError) {
    std::string calls = "\x80\x02" "cos\nsystem\nq\x01(" + std::string(100'000, 'N') + "tq\x02";
    for (int n = 0; n < 1000; n++)
        calls += "h\x01h\x02R0";
    EXPECT_THAT(errorOf([&] { jsonOf(calls + "."); }), HasSubstr("again and again"));
    const std::string text(100'000, 'a');
    std::string texts = "\x80\x02(X" + std::string("\xa0\x86\x01\0", 4) + text + "q\x01";
    for (int n = 0; n < 200; n++)
        texts += "h\x01";
    EXPECT_THAT(errorOf([&] { jsonOf(texts + "t."); }), HasSubstr("text is longer"));
}

TEST(Pickle, ValuesThatHoldThemselves_EndInAnError) {
    EXPECT_THAT(errorOf([] { jsonOf("\x80\x02]q\0h\0a."s); }), HasSubstr("nested"));
    std::string doubling = "\x80\x02]";
    for (int level = 0; level < 40; level++)
        doubling += "2\x86";
    EXPECT_THAT(errorOf([&] { jsonOf(doubling + "."); }), HasSubstr("more than 100000"));
}

TEST(TorchArchive, View_IsMadeContiguous) {
    const Tensor made =
        Archive(tensor("FloatStorage", "0", "K\x01", "K\x02K\x03\x86", "K\x01K\x02\x86")).read();
    EXPECT_EQ(made.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(made.values, (std::vector<double>{0.5, 1.5, 2.5, 1.0, 2.0, 3.0}));
}

TEST(TorchArchive, Scalar_IsOneValue) {
    const Tensor made = Archive(tensor("FloatStorage", "0", "K\x03", ")", ")")).read();
    EXPECT_TRUE(made.shape.empty());
    EXPECT_EQ(made.values, std::vector<double>{1.5});
}

TEST(TorchArchive, Parameter_IsItsTensor) {
    const Tensor made =
        Archive("ctorch._utils\n_rebuild_parameter\n(" +
                tensor("FloatStorage", "0", "K\x02", "K\x02\x85", "K\x01\x85") +
                "\x88" "ccollections\nOrderedDict\n)RtR").read();
    EXPECT_EQ(made.values, (std::vector<double>{1.0, 1.5}));
}

TEST(TorchArchive, HalvesAndIntegers_AreExact) {
    const auto read = [](const std::string& type, const std::string& count,
                         const std::string& bytes) {
        return Archive(tensor(type, "0", "K\0"s, "K" + count + "\x85", "K\x01\x85"), bytes)
            .read().values;
    };
    // 1, -2, the smallest number above zero, 65504
    EXPECT_EQ(read("HalfStorage", "\x04", "\0\x3c\0\xc0\x01\0\xff\x7b"s),
              (std::vector<double>{1, -2, 0x1p-24, 65504}));
    EXPECT_EQ(read("BFloat16Storage", "\x02", "\x80\x3f\x40\xc0"s), (std::vector<double>{1, -3}));
    EXPECT_EQ(read("LongStorage", "\x01", "\xfe\xff\xff\xff\xff\xff\xff\xff"s),
              std::vector<double>{-2});
}

TEST(TorchArchive, TensorBeyondItsStorage_IsRefused) {
    const std::vector<std::array<std::string, 3>> wrong{
        {"K\0"s, "K\x09\x85", "K\x01\x85"},                     // one too many
        {"K\x07", "K\x02\x85", "K\x01\x85"},                    // shifted out
        {"K\0"s, "J\xff\xff\xff\x7f\x85", "K\0\x85"s},          // one value repeated
        {"K\0"s, "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85"}};
    for (const auto& [offset, shape, strides] : wrong)
        EXPECT_THAT(errorOf([&] {
                        Archive(tensor("FloatStorage", "0", offset, shape, strides)).read();
                    }),
                    HasSubstr("the tensor w"));
}

TEST(TorchArchive, WhatIsNoDenseTensor_IsNamed) {
    const auto error = [](const std::string& value) {
        return errorOf([&] { Archive(value).read(); });
    };
    EXPECT_THAT(error("K\x01"), HasSubstr("w is no tensor"));
    EXPECT_THAT(error("cevil\nThing\n)R"), HasSubstr("w is evil.Thing"));
    EXPECT_THAT(error(tensor("ComplexFloatStorage", "0", "K\0"s, "K\x01\x85", "K\x01\x85")),
                HasSubstr("torch.ComplexFloatStorage"));
    EXPECT_THAT(error(tensor("FloatStorage", "7", "K\0"s, "K\x01\x85", "K\x01\x85")),
                HasSubstr("archive/data/7"));
    EXPECT_THAT(error(tensor("FloatStorage", "0", "K\0"s, "K\x01\x85", ")")), HasSubstr("w is"));
}

TEST(TorchArchive, OtherFormats_AreNamed) {
    const TemporaryFolder folder;
    const auto error = [&](const std::string& bytes) {
        return errorOf([&] { TorchArchive(folder.write("x.ckpt", bytes)); });
    };
    EXPECT_THAT(error("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02"),
                HasSubstr("before version 1.6"));
    EXPECT_THAT(error("once upon a time"), HasSubstr("no zip directory"));
    EXPECT_THAT(error(storedZip({{"a.txt", "x"}})), HasSubstr("no data.pkl"));
    EXPECT_THAT(error(storedZip({{"m/data.pkl", "\x80\x02N."}, {"m/constants.pkl", ""}})),
                HasSubstr("TorchScript"));
    EXPECT_THAT(errorOf([] { Archive("K\x01", "", "big").read(); }), HasSubstr("big-endian"));
}
