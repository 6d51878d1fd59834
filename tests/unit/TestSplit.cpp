// Splits: sizes, repeatability, index files.
// SPDX-License-Identifier: MIT
#include "trainer/data/Npz.h"
#include "trainer/data/Split.h"
#include "unit/Fixtures.h"

#include <algorithm>
#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

NpyArray indices(const std::vector<double>& values) {
    return {{values.size()}, "<i8", values};
}

/// Error of reading an index file for ten frames.
std::string misreading(const std::map<std::string, NpyArray>& arrays) {
    const TemporaryFolder folder;
    writeNpz(folder / "split.npz", arrays);
    return errorOf([&] { readSplit(folder / "split.npz", 10); });
}

}  // namespace

TEST(Split, Parts_HaveTheirSizesAndShareNothing) {
    const Split split = randomSplit(2000, {.train = 950, .validation = 50, .test = -1}, 1);
    EXPECT_EQ(split.train.size(), 950u);
    EXPECT_EQ(split.validation.size(), 50u);
    EXPECT_EQ(split.test.size(), 1000u);
    std::vector<int64_t> all = split.train;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    all.insert(all.end(), split.test.begin(), split.test.end());
    std::sort(all.begin(), all.end());
    for (int64_t k = 0; k < 2000; k++)
        ASSERT_EQ(all[size_t(k)], k);
}

TEST(Split, Seed_DecidesTheOrder) {
    const SplitCounts counts = {.train = 5, .validation = 2, .test = 3};
    EXPECT_EQ(randomSplit(100, counts, 1).train, randomSplit(100, counts, 1).train);
    EXPECT_NE(randomSplit(100, counts, 1).train, randomSplit(100, counts, 2).train);
    EXPECT_EQ(randomSplit(100, counts, 1).test.size(), 3u);
}

TEST(Split, Seed_GivesTheSameFramesOnEveryMachine) {
    // Fisher-Yates from the end with splitmix64 from the seed 1, as the independent
    // tests/data/make_split_reference.py prints it.
    EXPECT_THAT(randomSplit(10, {.train = -1, .validation = 0, .test = 0}, 1).train,
                ElementsAre(4, 2, 8, 1, 9, 3, 0, 6, 7, 5));
}

TEST(Split, AnyPart_MayTakeAllThatAreLeft) {
    EXPECT_EQ(randomSplit(10, {.train = -1, .validation = 2, .test = 3}, 1).train.size(), 5u);
    EXPECT_EQ(randomSplit(10, {.train = 10, .validation = -1, .test = 0}, 1).validation.size(), 0u);
    EXPECT_THAT(errorOf([] { randomSplit(10, {2, -1, -1}, 1); }), HasSubstr("one at most"));
}

TEST(Split, Default_TrainsAllButThoseThatValidate) {
    const Split split = randomSplit(500, {}, 1);
    EXPECT_EQ(split.train.size(), 450u);
    EXPECT_EQ(split.validation.size(), 50u);
    EXPECT_EQ(split.test.size(), 0u);
}

TEST(Split, Counts_BeyondTheFramesAreRefused) {
    EXPECT_EQ(errorOf([] { randomSplit(500, {.train = 950}, 1); }),
              "splitting 500 frames: 950 for training + 50 for validation are wanted; give more "
              "frames, or a smaller --validation or --train");
    EXPECT_THAT(errorOf([] { randomSplit(10, {5, 3, 3}, 1); }),
                HasSubstr("5 for training + 3 for validation + 3 for test"));
    EXPECT_THAT(errorOf([] { randomSplit(10, {-1, INT64_MAX, INT64_MAX}, 1); }),
                HasSubstr("splitting 10 frames"));
}

TEST(Split, Files_RoundTrip) {
    const TemporaryFolder folder;
    const Split split = randomSplit(20, {.train = 9, .validation = 4, .test = -1}, 3);
    writeSplit(folder / "split.npz", split);
    const Split back = readSplit(folder / "split.npz", 20);
    EXPECT_EQ(back.train, split.train);
    EXPECT_EQ(back.validation, split.validation);
    EXPECT_EQ(back.test, split.test);
}

TEST(Split, Files_NeedNoTestPart) {
    const TemporaryFolder folder;
    writeNpz(folder / "s.npz", {{"idx_train", indices({4, 2})}, {"idx_val", indices({9})}});
    const Split split = readSplit(folder / "s.npz", 10);
    EXPECT_THAT(split.train, ElementsAre(4, 2));
    EXPECT_THAT(split.validation, ElementsAre(9));
    EXPECT_TRUE(split.test.empty());
}

TEST(Split, Files_WithWrongIndicesAreRefused) {
    EXPECT_THAT(misreading({{"idx_train", indices({1})}}),
                HasSubstr("there is no array \"idx_val\", found idx_train"));
    EXPECT_THAT(misreading({{"idx_train", indices({10})}, {"idx_val", indices({1})}}),
                HasSubstr("idx_train contains 10, expected frame numbers in [0, 10)"));
    EXPECT_THAT(misreading({{"idx_train", indices({-1})}, {"idx_val", indices({1})}}),
                HasSubstr("idx_train contains -1"));
    EXPECT_THAT(misreading({{"idx_train", indices({1, 2})}, {"idx_val", indices({2})}}),
                HasSubstr("frame 2 is in idx_train and in idx_val"));
    EXPECT_THAT(misreading({{"idx_train", indices({1, 1})}, {"idx_val", indices({2})}}),
                HasSubstr("frame 1 is in idx_train and in idx_train"));
    EXPECT_THAT(misreading({{"idx_train", {{1}, "<f8", {0.5}}}, {"idx_val", indices({2})}}),
                HasSubstr("idx_train contains 0.5"));
    EXPECT_THAT(misreading({{"idx_train", {{1, 2}, "<i8", {0, 1}}}, {"idx_val", indices({2})}}),
                HasSubstr("idx_train has the shape [1, 2], expected one dimension"));
}
