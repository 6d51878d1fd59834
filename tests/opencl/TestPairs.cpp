// The list of pairs on the device is that of core/Neighbors.h, and fills its places with padding.
// SPDX-License-Identifier: MIT
#include "opencl/Fixture.h"

#include <algorithm>
#include <functional>
#include <limits>

using namespace opencl;
using molspectra::Cell;

namespace {

template <typename T>
class Pairs : public ModelArrays<T> {
protected:
    PairRun list(const std::vector<double>& positions, const std::optional<Cell>& cell,
                 size_t capacity, const Shape& shape, const std::vector<double>& lastForces = {}) {
        return listPairs<T>(*this->device, this->program(cell.has_value()), positions, cell,
                            static_cast<int>(capacity), shape, lastForces);
    }

    /// @param change  leads from usable positions of five atoms to others
    void expectRefusal(const std::function<void(std::vector<double>&)>& change) {
        constexpr size_t capacity = 20;
        std::vector<double> positions = scatter(5, 6.0);
        change(positions);
        for (const std::optional<Cell>& cell : {std::optional<Cell>(), std::optional(wideCell)})
            for (const Shape& shape : shapes)
                EXPECT_EQ(list(positions, cell, capacity, shape).total, cannotBeEvaluated);
    }

    static constexpr int cannotBeEvaluated = -1;
};

TYPED_TEST_SUITE(Pairs, ModelPrecisions, PrecisionNames);

struct Arrangement {
    std::vector<double> positions;
    std::optional<Cell> cell;
    std::vector<ListedPair> expected;

    Arrangement(int atoms, const std::optional<Cell>& cell)
        : positions(scatter(atoms, cell ? (*cell)[0][0] : 7.0)),
          cell(cell),
          expected(expectedPairs(positions, cell)) {}

    /// Places that hold every pair; an array has at least one.
    size_t enough() const { return std::max<size_t>(1, expected.size()); }
};

/// The sizes, in open boundaries and in both cells.
std::vector<Arrangement> arrangements() {
    std::vector<Arrangement> all;
    for (const int atoms : sizes)
        for (const std::optional<Cell>& cell :
             {std::optional<Cell>(), std::optional(smallCell), std::optional(wideCell)})
            all.emplace_back(atoms, cell);
    return all;
}

void expectSortedByAtoms(const std::vector<ListedPair>& pairs) {
    EXPECT_TRUE(std::ranges::is_sorted(pairs, {}, [](const ListedPair& pair) {
        return std::pair(pair.receiver, pair.sender);
    }));
}

void expectCounts(const PairRun& found, const std::vector<ListedPair>& expected) {
    for (size_t i = 0; i < found.counts.size(); ++i)
        EXPECT_EQ(found.counts[i], std::ranges::count(expected, static_cast<int64_t>(i),
                                                      &ListedPair::receiver));
}

}  // namespace

TYPED_TEST(Pairs, AreThoseOfTheNeighborSearch) {
    for (const Arrangement& given : arrangements())
        for (const Shape& shape : shapes) {
            const PairRun found =
                this->list(given.positions, given.cell, given.enough(), shape);
            ASSERT_EQ(found.total, static_cast<int>(given.expected.size()));
            expectCounts(found, given.expected);
            std::vector<ListedPair> listed;
            for (size_t place = 0; place < given.expected.size(); ++place)
                listed.push_back(found.at(place, given.cell));
            expectSortedByAtoms(listed);
            std::ranges::sort(listed);
            EXPECT_EQ(listed, given.expected);
        }
}

TYPED_TEST(Pairs, FillAsManyPlacesAsThereAre) {
    for (const Arrangement& given : arrangements()) {
        const size_t pairs = given.expected.size();
        const PairRun exact = this->list(given.positions, given.cell, given.enough(), shapes[1]);
        for (const size_t capacity : {size_t(1), given.enough() - 1, pairs + 11}) {
            if (capacity == 0)
                continue;
            const PairRun found = this->list(given.positions, given.cell, capacity, shapes[1]);
            EXPECT_EQ(found.total, static_cast<int>(pairs));
            for (size_t place = 0; place < std::min(pairs, capacity); ++place)
                EXPECT_EQ(found.at(place, given.cell), exact.at(place, given.cell));
            for (size_t place = pairs; place < capacity; ++place)
                EXPECT_TRUE(found.isPadding(place)) << place;
        }
    }
}

TYPED_TEST(Pairs, AreRefusedForPositionsThatAreNotFinite) {
    for (const double wrong : {std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity(), 2 * farthest})
        for (const size_t coordinate : {size_t(0), size_t(7), size_t(14)})
            this->expectRefusal([=](std::vector<double>& at) { at[coordinate] = wrong; });
}

TYPED_TEST(Pairs, AreRefusedAfterForcesThatAreNotFinite) {
    constexpr size_t atoms = 5;
    for (const double wrong : {std::numeric_limits<double>::quiet_NaN(),
                               -std::numeric_limits<double>::infinity()})
        for (const size_t component : {size_t(0), size_t(7), size_t(14)})
            for (const Shape& shape : shapes) {
                std::vector<double> forces(3 * atoms, 1e20);
                const auto total = [&] {
                    return this->list(scatter(atoms, 6.0), std::nullopt, 20, shape, forces).total;
                };
                EXPECT_GE(total(), 0);
                forces[component] = wrong;
                EXPECT_EQ(total(), this->cannotBeEvaluated);
            }
}

TYPED_TEST(Pairs, AreRefusedForAtomsThatCoincide) {
    for (const size_t atom : {size_t(0), size_t(4)})
        this->expectRefusal([=](std::vector<double>& at) {
            for (size_t d = 0; d < 3; ++d)
                at[3 * atom + d] = at[3 * 2 + d] + 0.4 * coincidence;
        });
}
