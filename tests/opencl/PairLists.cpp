// Images are compared as whole numbers, so that no tolerance is needed where lists are.
// SPDX-License-Identifier: MIT
#include "opencl/PairLists.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace opencl {

namespace {

constexpr double shiftTolerance = 1e-3;  // angstrom
/// Half the width of a shell around the cutoff in which single precision may err.
constexpr double uncertain = 1e-3;  // angstrom

}  // namespace

std::vector<double> scatter(int atoms, double edge) {
    constexpr double steps[] = {0.8191725133961645, 0.6710436067037893, 0.5497004779019703};
    std::vector<double> points;
    for (int i = 0; i < atoms; ++i)
        for (const double step : steps) {
            const double along = 0.3 + step * i;
            points.push_back(edge * (along - std::floor(along)));
        }
    return points;
}

ListedPair listedPair(int64_t receiver, int64_t sender, const std::array<double, 3>& shift,
                      const std::optional<molspectra::Cell>& cell) {
    std::array<double, 3> left = shift;
    std::array<int64_t, 3> image{};
    for (size_t row = 3; cell && row-- > 0;) {
        image[row] = std::lround(left[row] / (*cell)[row][row]);
        for (size_t d = 0; d < 3; ++d)
            left[d] -= static_cast<double>(image[row]) * (*cell)[row][d];
    }
    if (!(std::hypot(left[0], left[1], left[2]) < shiftTolerance))
        throw std::runtime_error("reading a shift: found no sum of cell vectors");
    return {receiver, sender, image};
}

std::vector<ListedPair> expectedPairs(const std::vector<double>& positions,
                                      const std::optional<molspectra::Cell>& cell) {
    const auto found = molspectra::findPairs(positions, cutoff, cell);
    if (molspectra::findPairs(positions, cutoff - uncertain, cell).size() !=
        molspectra::findPairs(positions, cutoff + uncertain, cell).size())
        throw std::runtime_error("preparing positions: found a pair at the cutoff");
    std::vector<ListedPair> listed;
    for (size_t p = 0; p < found.size(); ++p)
        listed.push_back(
            listedPair(found.receiver[p], found.sender[p],
                       {found.shift[3 * p], found.shift[3 * p + 1], found.shift[3 * p + 2]}, cell));
    std::ranges::sort(listed);
    return listed;
}

ListedPair PairRun::at(size_t place, const std::optional<molspectra::Cell>& cell) const {
    return listedPair(pairs[place], pairs[capacity() + place],
                      {shifts[3 * place], shifts[3 * place + 1], shifts[3 * place + 2]}, cell);
}

bool PairRun::isPadding(size_t place) const {
    const auto atoms = static_cast<cl_long>(counts.size());
    return pairs[place] == atoms && pairs[capacity() + place] == atoms &&
           shifts[3 * place] == 2 * cutoff && shifts[3 * place + 1] == 0 &&
           shifts[3 * place + 2] == 0;
}

cl_int4 imagesToLookAt(const std::optional<molspectra::Cell>& cell) {
    if (!cell)
        return {{0, 0, 0, 0}};
    // Half a cell because the middle is the nearest image, half of each longer vector's steps
    // because these may lean over.
    const int c = static_cast<int>(std::ceil(cutoff / (*cell)[2][2] + 0.5));
    const int b = static_cast<int>(std::ceil(cutoff / (*cell)[1][1] + 0.5 + 0.5 * c));
    const int a = static_cast<int>(std::ceil(cutoff / (*cell)[0][0] + 0.5 + 0.5 * (b + c)));
    return {{a, b, c, 0}};
}

}  // namespace opencl
