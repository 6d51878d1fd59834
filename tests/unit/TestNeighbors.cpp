// Neighbor lists against a plain sum over many images; both searches, every kind of cell.
// SPDX-License-Identifier: MIT
#include "core/Neighbors.h"
#include "core/Random.h"
#include "unit/Fixtures.h"

#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <tuple>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

namespace {

using Image = std::array<int, 3>;
using Key = std::tuple<int64_t, int64_t, Image>;

/// Atoms below which the search is a double loop, and above which it uses bins.
constexpr size_t few = 40, many = 700;

std::vector<double> shiftOf(const Image& n, const Cell& cell) {
    std::vector<double> shift(3, 0.0);
    for (size_t d = 0; d < 3; d++)
        for (size_t k = 0; k < 3; k++)
            shift[d] += n[k] * cell[k][d];
    return shift;
}

double distance(const std::vector<double>& x, size_t i, size_t j, const std::vector<double>& s) {
    double squared = 0;
    for (size_t d = 0; d < 3; d++)
        squared += std::pow(x[3 * j + d] + s[d] - x[3 * i + d], 2);
    return std::sqrt(squared);
}

/// All pairs by trying every image up to `images` cells away, in the order the header promises.
NeighborPairs plainList(const std::vector<double>& x, double cutoff, const Cell& cell,
                        int images) {
    NeighborPairs pairs;
    for (size_t i = 0; i < x.size() / 3; i++)
        for (size_t j = 0; j < x.size() / 3; j++)
            for (int a = -images; a <= images; a++)
                for (int b = -images; b <= images; b++)
                    for (int c = -images; c <= images; c++) {
                        const auto shift = shiftOf({a, b, c}, cell);
                        const bool self = i == j && a == 0 && b == 0 && c == 0;
                        if (self || distance(x, i, j, shift) >= cutoff)
                            continue;
                        pairs.receiver.push_back(int64_t(i));
                        pairs.sender.push_back(int64_t(j));
                        pairs.shift.insert(pairs.shift.end(), shift.begin(), shift.end());
                    }
    return pairs;
}

void expectEqual(const NeighborPairs& found, const NeighborPairs& expected) {
    EXPECT_EQ(found.receiver, expected.receiver);
    EXPECT_EQ(found.sender, expected.sender);
    ASSERT_EQ(found.shift.size(), expected.shift.size());
    for (size_t k = 0; k < found.shift.size(); k++)
        ASSERT_NEAR(found.shift[k], expected.shift[k], 1e-9);
}

std::vector<double> randomPositions(size_t atoms, double edge, uint64_t seed) {
    Random random(seed);
    std::vector<double> x(3 * atoms);
    for (double& component : x)
        component = edge * random.uniform();
    return x;
}

/// Positions with uniform fractional coordinates.
std::vector<double> fill(const Cell& cell, size_t atoms, uint64_t seed) {
    const std::vector<double> fractions = randomPositions(atoms, 1, seed);
    std::vector<double> x(3 * atoms, 0.0);
    for (size_t i = 0; i < atoms; i++)
        for (size_t k = 0; k < 3; k++)
            for (size_t d = 0; d < 3; d++)
                x[3 * i + d] += fractions[3 * i + k] * cell[k][d];
    return x;
}

const Cell box = {{{12, 0, 0}, {0, 15, 0}, {0, 0, 13}}};
const Cell sheared = {{{12, 0, 0}, {17, 11, 0}, {-21, 9, 13}}};
const Cell rotated = {{{3, 11, -2}, {-9, 4, 5}, {2, 3, 14}}};
const Cell leftHanded = {{{0, 12, 0}, {13, 0, 0}, {0, 0, 14}}};

}  // namespace

TEST(Neighbors, Open_ListsEveryOrderedPairOnce) {
    for (size_t atoms : {few, many}) {
        const double edge = std::cbrt(double(atoms) / 0.1);
        const auto x = randomPositions(atoms, edge, atoms);
        expectEqual(findPairs(x, 3.0), plainList(x, 3.0, Cell{}, 0));
    }
}

TEST(Neighbors, Periodic_MatchesAPlainSumOverImages) {
    for (const Cell& cell : {box, sheared, rotated, leftHanded})
        for (size_t atoms : {few, size_t{510}}) {
            const auto x = fill(cell, atoms, atoms + 1);
            expectEqual(findPairs(x, 2.5, cell), plainList(x, 2.5, cell, atoms == few ? 4 : 2));
        }
}

TEST(Neighbors, Periodic_CellsSmallerThanTheCutoffPairWithTheirImages) {
    const Cell small = {{{3, 0, 0}, {1, 3.5, 0}, {-1, 2, 4}}};
    for (size_t atoms : {1, 2, 5}) {
        const auto x = fill(small, atoms, atoms);
        expectEqual(findPairs(x, 7.0, small), plainList(x, 7.0, small, 6));
    }
}

TEST(Neighbors, Periodic_ThinCellsOfManyAtomsMatchToo) {
    const Cell thin = {{{40, 0, 0}, {3, 40, 0}, {0.5, 0.2, 2}}};
    const auto x = fill(thin, 520, 9);
    expectEqual(findPairs(x, 3.0, thin), plainList(x, 3.0, thin, 2));
}

TEST(Neighbors, Periodic_SimpleCubicShellsHaveKnownSizes) {
    // Shells of the simple cubic lattice: 6, 12, 8, 6 neighbors at 1, sqrt 2, sqrt 3, 2 edges.
    const Cell cube = {{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}};
    const std::vector<double> atom = {0.25, -7.125, 100.5};  // exact in binary
    EXPECT_EQ(findPairs(atom, 2.0, cube).size(), 0u);  // strictly below the cutoff
    EXPECT_EQ(findPairs(atom, 2.1, cube).size(), 6u);
    EXPECT_EQ(findPairs(atom, 2 * 1.5, cube).size(), 6u + 12);
    EXPECT_EQ(findPairs(atom, 2 * 1.8, cube).size(), 6u + 12 + 8);
    EXPECT_EQ(findPairs(atom, 2 * 2.1, cube).size(), 6u + 12 + 8 + 6);
}

TEST(Neighbors, Periodic_AtomsCellsAwayHaveTheSameDisplacements) {
    for (size_t atoms : {few, many}) {
        const auto x = fill(sheared, atoms, 4);
        auto moved = x;
        Random random(5);
        for (size_t i = 0; i < atoms; i++)
            for (size_t k = 0; k < 3; k++) {
                const double cells = double(random.below(2001)) - 1000;
                for (size_t d = 0; d < 3; d++)
                    moved[3 * i + d] += cells * sheared[k][d];
            }
        const auto near = findPairs(x, 3.0, sheared), far = findPairs(moved, 3.0, sheared);
        ASSERT_EQ(far.size(), near.size());
        EXPECT_EQ(far.receiver, near.receiver);
        EXPECT_EQ(far.sender, near.sender);
        for (size_t p = 0; p < near.size(); p++) {
            const auto i = size_t(far.receiver[p]), j = size_t(far.sender[p]);
            const std::vector<double> shift(&far.shift[3 * p], &far.shift[3 * p] + 3);
            EXPECT_LT(distance(moved, i, j, shift), 3.0);
        }
    }
}

TEST(Neighbors, BothSearches_FindTheSamePairs) {
    // The first atoms of a large system, alone, must have the pairs they have within it.
    for (const std::optional<Cell>& cell : {std::optional<Cell>(), std::optional<Cell>(rotated)}) {
        const auto x = cell ? fill(*cell, many, 6) : randomPositions(many, 19, 6);
        const auto part = std::span(x).first(3 * few);
        const NeighborPairs whole = findPairs(x, 4.0, cell), alone = findPairs(part, 4.0, cell);
        NeighborPairs within;
        for (size_t p = 0; p < whole.size(); p++)
            if (whole.receiver[p] < int64_t(few) && whole.sender[p] < int64_t(few)) {
                within.receiver.push_back(whole.receiver[p]);
                within.sender.push_back(whole.sender[p]);
                for (size_t d = 0; d < 3; d++)
                    within.shift.push_back(whole.shift[3 * p + d]);
            }
        EXPECT_GT(alone.size(), 0u);
        EXPECT_EQ(within.receiver, alone.receiver);
        EXPECT_EQ(within.sender, alone.sender);
        EXPECT_EQ(within.shift, alone.shift);
    }
}

TEST(Neighbors, Lists_HoldEveryPairInBothDirections) {
    const auto x = fill(sheared, many, 8);
    const NeighborPairs pairs = findPairs(x, 3.0, sheared);
    std::map<std::pair<int64_t, int64_t>, int> balance;
    std::vector<double> sum(3, 0.0);
    for (size_t p = 0; p < pairs.size(); p++) {
        const int64_t i = pairs.receiver[p], j = pairs.sender[p];
        balance[{std::min(i, j), std::max(i, j)}] += i < j ? 1 : -1;
        for (size_t d = 0; d < 3; d++)
            sum[d] += pairs.shift[3 * p + d];
    }
    for (const auto& [pair, count] : balance)
        EXPECT_EQ(count, 0);
    for (double component : sum)
        EXPECT_NEAR(component, 0, 1e-6);
}

TEST(Neighbors, FarOutliers_DoNotExhaustMemory) {
    auto x = randomPositions(many, 19, 10);
    const size_t pairs = findPairs(std::span(x).first(3 * (many - 1)), 3.0).size();
    x[3 * many - 1] = 1e12;
    EXPECT_EQ(findPairs(x, 3.0).size(), pairs);
    EXPECT_EQ(findPairs(std::vector<double>(3 * many, 1.0), 3.0).size(), many * (many - 1));
}

TEST(Neighbors, FewAtoms_HaveEmptyLists) {
    EXPECT_EQ(findPairs({}, 3.0).size(), 0u);
    EXPECT_EQ(findPairs({}, 3.0, box).size(), 0u);
    EXPECT_EQ(findPairs(std::vector<double>{1, 2, 3}, 3.0).size(), 0u);
}

TEST(Neighbors, BadInput_IsRefused) {
    const std::vector<double> x = {0, 0, 0, 1, 0, 0}, bad = {0, 0, 0, 1, std::nan(""), 0};
    const Cell flat = {{{1, 0, 0}, {0, 1, 0}, {1, 1, 0}}};
    EXPECT_THAT(errorOf([&] { findPairs(x, 3.0, flat); }), HasSubstr("lie in a plane"));
    EXPECT_THAT(errorOf([&] { findPairs(x, 3.0, Cell{}); }), HasSubstr("volume 0"));
    EXPECT_THAT(errorOf([&] { findPairs(bad, 3.0); }), HasSubstr("atom 1 is nan"));
    EXPECT_THAT(errorOf([&] { findPairs(x, 0.0); }), HasSubstr("the cutoff is 0"));
    EXPECT_THAT(errorOf([&] { findPairs(x, NAN); }), HasSubstr("the cutoff is nan"));
    EXPECT_THAT(errorOf([&] { findPairs(std::span(x).first(4), 3.0); }),
                HasSubstr("4 coordinates"));
    const std::vector<double> far = {0, 0, 0, 1e30, 0, 0};
    EXPECT_THAT(errorOf([&] { findPairs(far, 3.0, box); }), HasSubstr("wrap the positions"));
}
