// Two searches for candidate pairs, one test that accepts them: the lists are the same.
// SPDX-License-Identifier: MIT
#include "core/Neighbors.h"

#include "core/Error.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace molspectra {

namespace {

using Vector = std::array<double, 3>;
using Image = std::array<int64_t, 3>;

/// Below this many atoms a double loop is faster than filling bins.
constexpr size_t binsPayFrom = 500;
/// Keeps image numbers far from overflow, and fractional coordinates exact enough.
constexpr double farthestImage = 1e6;
/// Squares of differences must not overflow.
constexpr double largestCoordinate = 1e100;
/// Relative flatness under which a cell counts as one without volume.
constexpr double smallestVolume = 1e-12;
/// Rounding of fractional coordinates must not hide a candidate; the test itself is exact.
constexpr double slack = 1e-6;

Vector cross(const Vector& a, const Vector& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

double dot(const Vector& a, const Vector& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

double norm(const Vector& a) {
    return std::sqrt(dot(a, a));
}

struct Pair {
    int64_t receiver, sender;
    Image image;
};

bool before(const Pair& p, const Pair& q) {
    return std::tie(p.sender, p.image) < std::tie(q.sender, q.image);
}

/// Accepts candidates by the one test of the distance. Each pair is tested in one direction and
/// listed in both, so that rounding at the cutoff cannot make a list one-sided.
class PairCollector {
public:
    PairCollector(std::span<const double> positions, double cutoff, const Cell& cell)
        : positions_(positions), cutoffSquared_(cutoff * cutoff), cell_(cell) {}

    void offer(int64_t i, int64_t j, const Image& image) {
        if (i > j || (i == j && image <= Image{}))
            return;
        const Vector shift = shiftOf(image);
        double squared = 0;
        for (size_t d = 0; d < 3; d++) {
            const double difference =
                positions_[size_t(j) * 3 + d] + shift[d] - positions_[size_t(i) * 3 + d];
            squared += difference * difference;
        }
        if (squared < cutoffSquared_)
            found_.push_back({i, j, image});
    }

    NeighborPairs sorted() const {
        const std::vector<Pair> pairs = byReceiver();
        NeighborPairs result;
        result.receiver.reserve(pairs.size());
        result.sender.reserve(pairs.size());
        result.shift.reserve(pairs.size() * 3);
        for (const Pair& pair : pairs) {
            const Vector shift = shiftOf(pair.image);
            result.receiver.push_back(pair.receiver);
            result.sender.push_back(pair.sender);
            result.shift.insert(result.shift.end(), shift.begin(), shift.end());
        }
        return result;
    }

private:
    Vector shiftOf(const Image& image) const {
        Vector shift{};
        if (image == Image{})
            return shift;
        for (size_t k = 0; k < 3; k++)
            for (size_t d = 0; d < 3; d++)
                shift[d] += double(image[k]) * cell_[k][d];
        return shift;
    }

    /// Counting sort into receivers, then each receiver's few pairs by sender and image.
    std::vector<Pair> byReceiver() const {
        std::vector<size_t> start(positions_.size() / 3 + 1, 0);
        for (const Pair& pair : found_) {
            start[size_t(pair.receiver) + 1]++;
            start[size_t(pair.sender) + 1]++;
        }
        for (size_t i = 1; i < start.size(); i++)
            start[i] += start[i - 1];
        std::vector<Pair> pairs(2 * found_.size());
        std::vector<size_t> next = start;
        for (const auto& [i, j, image] : found_) {
            pairs[next[size_t(i)]++] = {i, j, image};
            pairs[next[size_t(j)]++] = {j, i, {-image[0], -image[1], -image[2]}};
        }
        for (size_t i = 0; i + 1 < start.size(); i++) {
            const auto first = pairs.begin() + std::ptrdiff_t(start[i]);
            const auto last = pairs.begin() + std::ptrdiff_t(start[i + 1]);
            if (!std::is_sorted(first, last, before))
                std::sort(first, last, before);
        }
        return pairs;
    }

    std::span<const double> positions_;
    double cutoffSquared_;
    Cell cell_;
    std::vector<Pair> found_;
};

/// Fractional coordinates of all atoms, each split into its image and the rest in [0, 1].
/// Open boundaries take the bounding box as the cell, where every image is zero.
struct Fractions {
    bool periodic = false;
    Vector heights{};          ///< distances between opposite faces
    std::vector<Vector> rest;  ///< [N]
    std::vector<Image> image;  ///< [N]
};

/// Rows of the inverse's transpose: fractional coordinate k is dot(row k, position).
Cell reciprocal(const Cell& cell) {
    const double volume = dot(cell[0], cross(cell[1], cell[2]));
    const double largest = norm(cell[0]) * norm(cell[1]) * norm(cell[2]);
    if (!std::isfinite(volume) || !(std::abs(volume) > smallestVolume * largest))
        fail("finding neighbors: the cell vectors have the volume ", volume,
             ", expected three vectors that do not lie in a plane");
    Cell rows;
    for (size_t k = 0; k < 3; k++) {
        rows[k] = cross(cell[(k + 1) % 3], cell[(k + 2) % 3]);
        for (double& component : rows[k])
            component /= volume;
    }
    return rows;
}

Fractions periodicFractions(std::span<const double> positions, const Cell& cell) {
    const Cell rows = reciprocal(cell);
    Fractions fractions{.periodic = true, .heights = {}, .rest = {}, .image = {}};
    for (size_t k = 0; k < 3; k++)
        fractions.heights[k] = 1 / norm(rows[k]);
    const size_t atoms = positions.size() / 3;
    fractions.rest.resize(atoms);
    fractions.image.resize(atoms);
    for (size_t i = 0; i < atoms; i++)
        for (size_t k = 0; k < 3; k++) {
            const double* x = &positions[3 * i];
            const double fraction = dot(rows[k], {x[0], x[1], x[2]});
            if (!(std::abs(fraction) < farthestImage))
                fail("finding neighbors: atom ", i, " lies ", fraction,
                     " cells away from the origin, expected fewer than ", farthestImage,
                     "; wrap the positions into the cell");
            const double whole = std::floor(fraction);
            fractions.image[i][k] = int64_t(whole);
            fractions.rest[i][k] = fraction - whole;
        }
    return fractions;
}

Fractions openFractions(std::span<const double> positions) {
    const size_t atoms = positions.size() / 3;
    Fractions fractions;
    fractions.rest.resize(atoms);
    fractions.image.resize(atoms);
    for (size_t d = 0; d < 3; d++) {
        double lowest = positions[d], highest = positions[d];
        for (size_t i = 0; i < atoms; i++) {
            lowest = std::min(lowest, positions[3 * i + d]);
            highest = std::max(highest, positions[3 * i + d]);
        }
        fractions.heights[d] = highest - lowest;
        for (size_t i = 0; i < atoms; i++)
            fractions.rest[i][d] =
                highest > lowest ? (positions[3 * i + d] - lowest) / (highest - lowest) : 0;
    }
    return fractions;
}

void searchAllOpen(size_t atoms, PairCollector& collector) {
    for (size_t i = 0; i < atoms; i++)
        for (size_t j = i + 1; j < atoms; j++)
            collector.offer(int64_t(i), int64_t(j), {});
}

/// Every image of every pair that the heights of the cell do not exclude.
void searchAllImages(const Fractions& fractions, double cutoff, PairCollector& collector) {
    const size_t atoms = fractions.rest.size();
    for (size_t i = 0; i < atoms; i++)
        for (size_t j = i; j < atoms; j++) {
            Image low, high;
            for (size_t k = 0; k < 3; k++) {
                const double apart = fractions.rest[j][k] - fractions.rest[i][k];
                const double reach = cutoff / fractions.heights[k] * (1 + slack) + slack;
                const int64_t wrap = fractions.image[i][k] - fractions.image[j][k];
                low[k] = int64_t(std::ceil(-reach - apart)) + wrap;
                high[k] = int64_t(std::floor(reach - apart)) + wrap;
            }
            for (int64_t a = low[0]; a <= high[0]; a++)
                for (int64_t b = low[1]; b <= high[1]; b++)
                    for (int64_t c = low[2]; c <= high[2]; c++)
                        collector.offer(int64_t(i), int64_t(j), {a, b, c});
        }
}

/// Atoms sorted into bins at least as thick as the cutoff (or as the cell, if that is thinner).
class Bins {
public:
    Bins(const Fractions& fractions, double cutoff) : fractions_(fractions) {
        chooseCounts(cutoff * (1 + slack));
        const size_t atoms = fractions.rest.size();
        start_.assign(size_t(count_[0] * count_[1] * count_[2]) + 1, 0);
        bin_.resize(atoms);
        for (size_t i = 0; i < atoms; i++) {
            for (size_t k = 0; k < 3; k++)
                bin_[i][k] = std::min(int64_t(fractions.rest[i][k] * double(count_[k])),
                                      count_[k] - 1);
            start_[flat(bin_[i]) + 1]++;
        }
        for (size_t b = 1; b < start_.size(); b++)
            start_[b] += start_[b - 1];
        atoms_.resize(atoms);
        std::vector<size_t> next = start_;
        for (size_t i = 0; i < atoms; i++)
            atoms_[next[flat(bin_[i])]++] = i;
    }

    void search(PairCollector& collector) const {
        for (size_t i = 0; i < bin_.size(); i++)
            for (int64_t a = -reach_[0]; a <= reach_[0]; a++)
                for (int64_t b = -reach_[1]; b <= reach_[1]; b++)
                    for (int64_t c = -reach_[2]; c <= reach_[2]; c++)
                        searchBin(i, {bin_[i][0] + a, bin_[i][1] + b, bin_[i][2] + c}, collector);
    }

private:
    void chooseCounts(double cutoff) {
        const auto atoms = double(fractions_.rest.size());
        for (size_t k = 0; k < 3; k++)
            count_[k] =
                int64_t(std::clamp(std::floor(fractions_.heights[k] / cutoff), 1.0, atoms));
        // Far outliers must not make more empty bins than there are atoms to fill them.
        while (double(count_[0]) * double(count_[1]) * double(count_[2]) > 4 * atoms) {
            int64_t& largest = *std::max_element(count_.begin(), count_.end());
            largest = (largest + 1) / 2;
        }
        for (size_t k = 0; k < 3; k++) {
            const double thickness = fractions_.heights[k] / double(count_[k]);
            const bool open = !fractions_.periodic;
            reach_[k] = open ? 1 : std::max<int64_t>(1, int64_t(std::ceil(cutoff / thickness)));
        }
    }

    size_t flat(const Image& bin) const {
        return size_t((bin[0] * count_[1] + bin[1]) * count_[2] + bin[2]);
    }

    /// `bin` may lie outside the cell: it is then an image of one inside.
    void searchBin(size_t i, Image bin, PairCollector& collector) const {
        Image shift{};
        for (size_t k = 0; k < 3; k++) {
            if (bin[k] >= 0 && bin[k] < count_[k])
                continue;
            if (!fractions_.periodic)
                return;
            shift[k] = bin[k] >= 0 ? bin[k] / count_[k] : -((count_[k] - 1 - bin[k]) / count_[k]);
            bin[k] -= shift[k] * count_[k];
        }
        for (size_t n = start_[flat(bin)]; n < start_[flat(bin) + 1]; n++) {
            const size_t j = atoms_[n];
            Image image = shift;
            for (size_t k = 0; k < 3; k++)
                image[k] += fractions_.image[i][k] - fractions_.image[j][k];
            collector.offer(int64_t(i), int64_t(j), image);
        }
    }

    const Fractions& fractions_;
    Image count_{}, reach_{};
    std::vector<size_t> start_;  ///< first entry of each bin in atoms_
    std::vector<size_t> atoms_;
    std::vector<Image> bin_;  ///< of each atom
};

void checkInput(std::span<const double> positions, double cutoff) {
    if (positions.size() % 3 != 0)
        fail("finding neighbors: ", positions.size(), " coordinates, expected three an atom");
    if (!std::isfinite(cutoff) || cutoff <= 0)
        fail("finding neighbors: the cutoff is ", cutoff, ", expected a positive distance");
    for (size_t k = 0; k < positions.size(); k++)
        if (!(std::abs(positions[k]) <= largestCoordinate))
            fail("finding neighbors: a coordinate of atom ", k / 3, " is ", positions[k],
                 ", expected finite positions");
}

}  // namespace

NeighborPairs findPairs(std::span<const double> positions, double cutoff,
                        const std::optional<Cell>& cell) {
    checkInput(positions, cutoff);
    const size_t atoms = positions.size() / 3;
    PairCollector collector(positions, cutoff, cell.value_or(Cell{}));
    if (!cell && atoms < binsPayFrom) {
        searchAllOpen(atoms, collector);
        return collector.sorted();
    }
    const Fractions fractions =
        cell ? periodicFractions(positions, *cell) : openFractions(positions);
    if (atoms < binsPayFrom)
        searchAllImages(fractions, cutoff, collector);
    else
        Bins(fractions, cutoff).search(collector);
    return collector.sorted();
}

}  // namespace molspectra
