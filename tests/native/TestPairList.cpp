// The pair list against the common search: same pairs, once each, however the atoms move.
// SPDX-License-Identifier: MIT
#include "core/Random.h"
#include "platforms/cpu/kernels/PairList.h"
#include "unit/Fixtures.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <set>
#include <tuple>

using namespace molspectra;
using molspectra::native::HalfPair;
using molspectra::native::PairList;
using molspectra::test::errorOf;
using testing::HasSubstr;

namespace {

constexpr double cutoff = 3.0;
constexpr double skin = 1.0;

const Cell box = {{{12, 0, 0}, {0, 15, 0}, {0, 0, 13}}};
const Cell sheared = {{{12, 0, 0}, {17, 11, 0}, {-21, 9, 13}}};
const Cell small = {{{2.5, 0, 0}, {1, 2.9, 0}, {-1, 2, 2.2}}};

using Key = std::tuple<int64_t, int64_t, double, double, double>;

/// Uniform in the cell, or in a cube without one.
std::vector<double> gas(size_t atoms, const std::optional<Cell>& cell, uint64_t seed) {
    const Cell cube = {{{9, 0, 0}, {0, 9, 0}, {0, 0, 9}}};
    Random random(seed);
    std::vector<double> x(3 * atoms, 0.0);
    for (size_t i = 0; i < atoms; i++)
        for (const auto& vector : cell.value_or(cube)) {
            const double fraction = random.uniform();
            for (size_t d = 0; d < 3; d++)
                x[3 * i + d] += fraction * vector[d];
        }
    return x;
}

std::vector<double> moved(std::vector<double> x, double farthest, uint64_t seed) {
    Random random(seed);
    for (double& component : x)
        component += farthest / std::sqrt(3.0) * (2 * random.uniform() - 1);
    return x;
}

Key keyOf(const HalfPair& pair) {
    return {pair.i, pair.j, pair.shift[0], pair.shift[1], pair.shift[2]};
}

/// Both directions of every half pair.
std::multiset<Key> bothDirections(std::span<const HalfPair> pairs) {
    std::multiset<Key> keys;
    for (const HalfPair& pair : pairs) {
        const auto& s = pair.shift;
        keys.insert(keyOf(pair));
        keys.insert(keyOf({pair.j, pair.i, {0 - s[0], 0 - s[1], 0 - s[2]}}));
    }
    return keys;
}

std::multiset<Key> searched(const std::vector<double>& x, double reach,
                            const std::optional<Cell>& cell) {
    const NeighborPairs pairs = findPairs(x, reach, cell);
    std::multiset<Key> keys;
    for (size_t p = 0; p < pairs.size(); p++)
        keys.insert({pairs.receiver[p], pairs.sender[p], pairs.shift[3 * p],
                     pairs.shift[3 * p + 1], pairs.shift[3 * p + 2]});
    return keys;
}

/// Every pair closer than the cutoff is a candidate, and no candidate is listed twice.
void expectComplete(std::span<const HalfPair> candidates, const std::vector<double>& x,
                    const std::optional<Cell>& cell) {
    const auto listed = bothDirections(candidates);
    const auto within = searched(x, cutoff, cell);
    EXPECT_GT(within.size(), 0u);
    EXPECT_TRUE(std::includes(listed.begin(), listed.end(), within.begin(), within.end()));
    EXPECT_EQ(std::set<Key>(listed.begin(), listed.end()).size(), listed.size());
}

}  // namespace

TEST(PairList, Halves_AreThePairsOfTheCommonSearchOnceEach) {
    for (const auto& cell : {std::optional<Cell>(), std::optional(box), std::optional(sheared)})
        for (size_t atoms : {2, 30, 520})
            for (double width : {0.0, skin}) {
                const auto x = gas(atoms, cell, atoms);
                PairList list(cutoff, width);
                const auto expected = searched(x, cutoff + width, cell);
                EXPECT_EQ(bothDirections(list.update(x, cell)), expected);
            }
}

TEST(PairList, CellsSmallerThanTheCutoff_ListImagesOnce) {
    for (size_t atoms : {1, 2, 5}) {
        const auto x = gas(atoms, small, atoms);
        PairList list(7.0, 0);
        const auto pairs = list.update(x, small);
        EXPECT_EQ(bothDirections(pairs), searched(x, 7.0, small));
        const auto own = std::count_if(pairs.begin(), pairs.end(),
                                       [](const HalfPair& pair) { return pair.i == pair.j; });
        EXPECT_GT(own, 0);
    }
}

TEST(PairList, FirstAtomsOfPairs_AreNeverTheLaterOnes) {
    const auto x = gas(40, small, 3);
    PairList list(cutoff, skin);
    const auto pairs = list.update(x, small);
    EXPECT_TRUE(std::is_sorted(pairs.begin(), pairs.end(), [](const auto& p, const auto& q) {
        return std::tie(p.i, p.j) < std::tie(q.i, q.j);
    }));
    for (const HalfPair& pair : pairs)
        ASSERT_LE(pair.i, pair.j);
}

TEST(PairList, MovingAtoms_KeepEveryPairWithinTheCutoff) {
    constexpr double step = 0.03;
    constexpr int steps = 200;
    for (const auto& cell : {std::optional<Cell>(), std::optional(box), std::optional(small)}) {
        const auto x = gas(cell == small ? 6 : 60, cell, 8);
        const auto velocity = moved(std::vector<double>(x.size(), 0.0), step, 9);
        PairList list(cutoff, skin);
        for (int n = 0; n < steps; n++) {
            auto now = x;
            for (size_t k = 0; k < x.size(); k++)
                now[k] += n * velocity[k];
            expectComplete(list.update(now, cell), now, cell);
        }
        // No atom gets farther than half the skin in fewer steps than this.
        const double fewest = skin / 2 / step;
        EXPECT_LE(list.searches(), 1 + steps / fewest);
        EXPECT_GT(list.searches(), 1);
    }
}

TEST(PairList, PairsWithinTheCutoff_ComeInTheSameOrderFromAnOldSearchAndANewOne) {
    const auto x = gas(60, sheared, 9), later = moved(x, 0.49 * skin, 10);
    const auto within = [&](PairList& list) {
        std::vector<Key> keys;
        for (const HalfPair& pair : list.update(later, sheared)) {
            double squared = 0;
            for (size_t d = 0; d < 3; d++)
                squared += std::pow(later[3 * size_t(pair.j) + d] + pair.shift[d] -
                                        later[3 * size_t(pair.i) + d], 2);
            if (squared < cutoff * cutoff)
                keys.push_back(keyOf(pair));
        }
        return keys;
    };
    PairList old(cutoff, skin), fresh(cutoff, skin);
    old.update(x, sheared);
    const auto kept = within(old);
    EXPECT_EQ(old.searches(), 1);
    EXPECT_FALSE(kept.empty());
    EXPECT_EQ(kept, within(fresh));
}

TEST(PairList, AtomsThatMoveLessThanHalfTheSkin_NeedNoSearch) {
    auto x = gas(30, box, 11);
    PairList list(cutoff, skin);
    list.update(x, box);
    x[7] += 0.499 * skin;
    list.update(x, box);
    EXPECT_EQ(list.searches(), 1);
    x[7] += 0.002 * skin;
    list.update(x, box);
    EXPECT_EQ(list.searches(), 2);
}

TEST(PairList, Skin0_SearchesEveryTime) {
    const auto x = gas(30, box, 12);
    PairList list(cutoff, 0);
    for (int n = 1; n <= 3; n++) {
        EXPECT_EQ(bothDirections(list.update(x, box)), searched(x, cutoff, box));
        EXPECT_EQ(list.searches(), n);
    }
}

TEST(PairList, AnotherCell_IsSearchedAnew) {
    const auto x = gas(60, box, 13);
    Cell wider = box;
    wider[0][0] += 1e-3;
    PairList list(cutoff, skin);
    long searches = 0;
    for (const auto& cell : {std::optional(box), std::optional(wider), std::optional<Cell>(),
                             std::optional(sheared)}) {
        expectComplete(list.update(x, cell), x, cell);
        EXPECT_EQ(list.searches(), ++searches);
    }
}

TEST(PairList, AtomsThatAreWrappedIntoTheCell_AreSearchedAnew) {
    auto x = gas(60, sheared, 14);
    PairList list(cutoff, skin);
    list.update(x, sheared);
    for (size_t d = 0; d < 3; d++)
        x[3 * 17 + d] -= sheared[1][d];
    expectComplete(list.update(x, sheared), x, sheared);
    EXPECT_EQ(list.searches(), 2);
}

TEST(PairList, AnotherNumberOfAtoms_IsSearchedAnew) {
    PairList list(cutoff, skin);
    for (size_t atoms : {40, 60, 50}) {
        const auto x = gas(atoms, box, 15);
        EXPECT_EQ(bothDirections(list.update(x, box)), searched(x, cutoff + skin, box));
    }
    EXPECT_EQ(list.searches(), 3);
    EXPECT_TRUE(list.update({}, box).empty());
}

TEST(PairList, RefusedPositions_LeaveTheListAsItWas) {
    const auto x = gas(40, box, 16);
    PairList list(cutoff, skin);
    EXPECT_THAT(errorOf([&] { list.update(std::vector<double>(3, NAN), box); }),
                HasSubstr("atom 0 is nan"));
    EXPECT_EQ(list.searches(), 0);
    list.update(x, box);
    for (double bad : {double(NAN), double(INFINITY)}) {
        auto broken = x;
        broken[3 * 22 + 1] = bad;
        EXPECT_THAT(errorOf([&] { list.update(broken, box); }), HasSubstr("atom 22 is"));
    }
    EXPECT_EQ(bothDirections(list.update(x, box)), searched(x, cutoff + skin, box));
    EXPECT_EQ(list.searches(), 1);
}
