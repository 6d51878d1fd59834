// What the tests of single stages share: drawn weights, and adjoints against differences.
// SPDX-License-Identifier: MIT
#pragma once

#include "native/NativeFixtures.h"
#include "platforms/cpu/kernels/plain/Embedding.h"
#include "platforms/cpu/kernels/plain/Head.h"
#include "platforms/cpu/kernels/plain/Layer.h"

#include <gtest/gtest.h>

namespace molspectra::native::test {

using namespace plain;
using List = std::vector<double>;

/// N, F, H, K of the weights here; elements of the embedding.
constexpr size_t atoms = 9, channels = 12, heads = 3, functions = 5, elements = 9;
constexpr double step = 2e-4;
/// Fourth-order differences of functions of order one.
constexpr double tolerance = 1e-8;
constexpr double rounding = 1e-12;

/// Puts the parts of a stage's input or output into one list, and takes them out again.
class Parts {
public:
    Parts() = default;
    explicit Parts(List values) : values_(std::move(values)) {}

    Parts& add(const List& list) {
        values_.insert(values_.end(), list.begin(), list.end());
        return *this;
    }
    Parts& add(const Matrix<double>& matrix) { return add(matrix.values()); }
    Parts& add(const State<double>& state) { return add(state.x).add(state.v); }
    Parts& add(const Messages<double>& messages) { return add(messages.m).add(messages.w); }
    Parts& add(const Projections<double>& p) {
        for (const auto* each : {&p.q, &p.k, &p.v0, &p.v1, &p.v2, &p.Dk, &p.D0, &p.D1, &p.D2})
            add(*each);
        return *this;
    }
    const List& list() const { return values_; }

    List take(size_t count) {
        const auto begin = values_.begin() + ptrdiff_t(taken_);
        taken_ += count;
        return {begin, begin + ptrdiff_t(count)};
    }
    Matrix<double> take(size_t rows, size_t columns) { return {columns, take(rows * columns)}; }
    State<double> takeState() {
        auto x = take(atoms, channels);
        return {x, take(3 * atoms, channels)};
    }
    Projections<double> takeProjections(size_t rows) {
        Projections<double> p;
        for (auto* each : {&p.q, &p.k, &p.v0, &p.v1, &p.v2})
            *each = take(atoms, channels);
        for (auto* each : {&p.Dk, &p.D0, &p.D1, &p.D2})
            *each = take(rows, channels);
        return p;
    }

private:
    List values_;
    size_t taken_ = 0;
};

/// With random g and u, g . df/du by differences is u . adjoint(g).
template <class Forward, class Adjoint>
void expectAdjoint(const List& input, const Forward& forward, const Adjoint& adjoint) {
    Random random(5);
    for (int trial = 0; trial < 3; trial++) {
        const List u = normals(input.size(), random), g = normals(forward(input).size(), random);
        const List slope =
            centralDifference([&](double by) { return forward(plus(input, by, u)); }, step);
        const List gradient = adjoint(input, g);
        ASSERT_EQ(gradient.size(), input.size());
        EXPECT_NEAR(dot(gradient, u), dot(g, slope), tolerance * std::sqrt(dot(g, g) * dot(u, u)));
    }
}

class PlainStages : public testing::Test {
protected:
    Matrix<double> matrix(size_t rows, size_t columns) {
        List values = normals(rows * columns, random);
        for (double& value : values)
            value /= std::sqrt(double(columns));
        return {columns, values};
    }
    Dense<double> dense(size_t outputs, size_t inputs) {
        return {matrix(outputs, inputs), normals(outputs, random)};
    }
    Dense<double> withoutBias(size_t outputs, size_t inputs) {
        return {matrix(outputs, inputs), {}};
    }
    NormWeights<double> norm() { return {normals(channels, random), normals(channels, random)}; }
    WhitenWeights<double> whitening() { return {normals(channels, random), {2e-2, 3e-2, 4e-2}}; }

    AttentionWeights<double> attention(bool smooth) {
        return {norm(), dense(5 * channels, channels), dense(4 * channels, functions), heads,
                smooth};
    }
    UpdateWeights<double> updates() {
        return {dense(3 * channels, channels), withoutBias(3 * channels, channels)};
    }
    BlockWeights<double> block(size_t inputs, size_t outputs) {
        return {withoutBias(inputs, inputs), dense(inputs, 2 * inputs), dense(outputs, inputs)};
    }
    HeadWeights<double> head() {
        return {block(channels, channels), withoutBias(channels / 2, channels),
                block(channels / 2, 1), 3.0};
    }
    State<double> state() { return {matrix(atoms, channels), matrix(3 * atoms, channels)}; }

    RadialWeights<double> expnorm(double lower) {
        List means, betas;
        for (size_t k = 0; k < functions; k++) {
            means.push_back(0.1 + 0.2 * double(k));
            betas.push_back(4.0 + double(k));
        }
        return {{lower, 5.0}, Expnorm<double>{means, betas}};
    }
    RadialWeights<double> gauss(double lower) {
        return {{lower, 5.0}, Gauss<double>{{0, 1.2, 2.4, 3.6, 4.8}, -0.35}};
    }

    /// Atoms of ethanol.
    Geometry<double> geometry() {
        return findGeometry<double>(expnorm(0), molecule.positions, candidates(molecule, 5.0));
    }
    /// The same pairs with other directions, cutoff and radial functions.
    static Geometry<double> replaced(Geometry<double> geometry, Parts& parts) {
        geometry.direction = parts.take(geometry.rows(), 3);
        geometry.phi = parts.take(geometry.rows());
        geometry.radial = parts.take(geometry.rows(), functions);
        return geometry;
    }
    template <class Source>
    static void addGeometry(Parts& parts, const Source& source) {
        parts.add(source.direction).add(source.phi).add(source.radial);
    }

    Random random{8};
    System molecule = ethanol();
};

}  // namespace molspectra::native::test
