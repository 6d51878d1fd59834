// The generator: published numbers, moments, permutations.
// SPDX-License-Identifier: MIT
#include "core/Random.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <gtest/gtest.h>

using namespace molspectra;

TEST(Random, Next_IsSplitmix64) {
    // First outputs of the generator's published reference code for the seed 1234567.
    Random random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317ULL);
    EXPECT_EQ(random.next(), 3203168211198807973ULL);
    EXPECT_EQ(random.next(), 9817491932198370423ULL);
}

TEST(Random, Below_ReachesEveryNumberEquallyOften) {
    Random random(3);
    constexpr int bound = 7, draws = 70000;
    std::vector<int> counts(bound, 0);
    for (int k = 0; k < draws; k++)
        counts.at(random.below(bound))++;
    // Five standard deviations of a binomial count.
    const double deviation = std::sqrt(draws * (1.0 / bound) * (1 - 1.0 / bound));
    for (int count : counts)
        EXPECT_NEAR(count, draws / bound, 5 * deviation);
    EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, UniformAndNormal_HaveTheirMoments) {
    Random random(5);
    constexpr int draws = 100000;
    double mean = 0, normalMean = 0, square = 0;
    for (int k = 0; k < draws; k++) {
        const double u = random.uniform(), n = random.normal();
        ASSERT_GT(u, 0);
        ASSERT_LT(u, 1);
        mean += u / draws;
        normalMean += n / draws;
        square += n * n / draws;
    }
    EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1 / 12.0 / draws));
    EXPECT_NEAR(normalMean, 0, 5 / std::sqrt(draws));
    EXPECT_NEAR(square, 1, 5 * std::sqrt(2.0 / draws));
}

TEST(Random, Streams_ShareNoNumbers) {
    std::set<uint64_t> seen;
    for (uint64_t number = 0; number < 200; number++)
        for (auto [random, n] = std::pair(randomFor(1, 2, number), 0); n < 50; n++)
            seen.insert(random.next());
    EXPECT_EQ(seen.size(), 200U * 50U);
}

TEST(Random, Permutation_HoldsEveryNumberOnce) {
    std::vector<int64_t> order = Random(11).permutation(1000);
    EXPECT_EQ(order, Random(11).permutation(1000));
    EXPECT_NE(order, Random(12).permutation(1000));
    EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (int64_t k = 0; k < 1000; k++)
        EXPECT_EQ(order[size_t(k)], k);
    EXPECT_TRUE(Random(1).permutation(0).empty());
}
