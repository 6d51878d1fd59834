// Every stage of the plain network by itself: its adjoint against differences of its forward.
// SPDX-License-Identifier: MIT
#include "native/PlainStages.h"

namespace molspectra::native::test {
namespace {

TEST_F(PlainStages, SlopesOfRadialFunctions_AreTheirDerivatives) {
    for (const auto& weights : {expnorm(0), expnorm(0.8), gauss(0), gauss(0.8)})
        for (const double r : {0.3, 0.9, 1.5, 2.7, 4.2, 4.9, 5.3}) {
            const auto values = [&](double by) {
                List list{cutoff(r + by, weights.range).value};
                for (size_t k = 0; k < functions; k++)
                    list.push_back(weights(k, r + by).value);
                return list;
            };
            const List expected = centralDifference(values, step);
            EXPECT_NEAR(cutoff(r, weights.range).slope, expected[0], tolerance);
            for (size_t k = 0; k < functions; k++)
                EXPECT_NEAR(weights(k, r).slope, expected[k + 1], tolerance) << "r " << r;
        }
}

TEST_F(PlainStages, Cutoff_IsOneAndZeroWhereItShould) {
    EXPECT_EQ(cutoff(0.0, Range{0, 5}).value, 1);
    EXPECT_EQ(cutoff(5.0, Range{0, 5}).value, 0);
    EXPECT_EQ(cutoff(0.0, Range{1, 5}).value, 0);
    EXPECT_NEAR(cutoff(3.0, Range{1, 5}).value, 1, rounding);
}

class GeometryStage : public PlainStages {
protected:
    void check(const RadialWeights<double>& weights, const System& system);
};

void GeometryStage::check(const RadialWeights<double>& weights, const System& system) {
    // None crosses the cutoff by a small step.
    const auto pairs = halfPairs(findPairs(system.positions, 4.9, system.cell));
    const auto forward = [&](const List& positions) {
        Parts parts;
        addGeometry(parts, findGeometry<double>(weights, positions, pairs));
        return parts.list();
    };
    const auto adjoint = [&](const List& positions, const List& g) {
        const Geometry<double> found = findGeometry<double>(weights, positions, pairs);
        GeometryGradient<double> by(found);
        Parts parts(g);
        by.direction = parts.take(found.rows(), 3);
        by.phi = parts.take(found.rows());
        by.radial = parts.take(found.rows(), functions);
        List gradient(positions.size());
        geometryAdjoint<double>(weights, found, by, gradient);
        return gradient;
    };
    expectAdjoint(system.positions, forward, adjoint);
}

TEST_F(GeometryStage, GeometryAdjoint_IsItsDerivative) {
    check(expnorm(0), ethanol());
    check(gauss(0.8), ethanol());
    check(expnorm(0), smallCell());
}

TEST_F(PlainStages, EmbedAdjoint_IsItsDerivative) {
    const EmbeddingWeights<double> weights{
        matrix(elements, channels),
        NeighborWeights<double>{matrix(elements, channels), dense(channels, functions),
                                dense(channels, 2 * channels)}};
    const Geometry<double> start = geometry();
    const auto forward = [&](const List& input) {
        Parts parts(input);
        return embed(weights, molecule.numbers, replaced(start, parts)).x.values();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts parts(input), result;
        const Geometry<double> given = replaced(start, parts);
        GeometryGradient<double> gradient(given);
        embedAdjoint<double>(weights, molecule.numbers, given, {channels, g}, gradient);
        addGeometry(result, gradient);
        return result.list();
    };
    Parts input;
    addGeometry(input, start);
    expectAdjoint(input.list(), forward, adjoint);
}

TEST_F(PlainStages, SiluSlope_IsItsDerivative) {
    for (const double x : {-30.0, -2.0, 0.0, 0.5, 30.0}) {
        const auto value = [&](double by) { return List{silu(x + by)}; };
        EXPECT_NEAR(siluSlope(x), centralDifference(value, step)[0], tolerance);
    }
}

TEST_F(PlainStages, LayerNormAdjoint_IsItsDerivative) {
    const NormWeights<double> weights = norm();
    expectAdjoint(
        matrix(atoms, channels).values(),
        [&](const List& x) { return layerNorm<double>({channels, x}, weights).values(); },
        [&](const List& x, const List& g) {
            return layerNormAdjoint<double>({channels, x}, {channels, g}, weights).values();
        });
}

TEST_F(PlainStages, ProjectAdjoint_IsItsDerivative) {
    const AttentionWeights<double> weights = attention(true);
    const Geometry<double> start = geometry();
    const auto forward = [&](const List& input) {
        Parts parts(input);
        const auto x = parts.take(atoms, channels);
        return Parts().add(project(weights, x, replaced(start, parts))).list();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts parts(input), by(g);
        const auto x = parts.take(atoms, channels);
        const Geometry<double> given = replaced(start, parts);
        GeometryGradient<double> gradient(given);
        Parts result;
        result.add(projectAdjoint(weights, x, given, by.takeProjections(given.rows()), gradient));
        addGeometry(result, gradient);
        return result.list();
    };
    Parts input;
    addGeometry(input.add(matrix(atoms, channels)), start);
    expectAdjoint(input.list(), forward, adjoint);
}

class MessageStage : public PlainStages {
protected:
    void check(bool smooth);
};

void MessageStage::check(bool smooth) {
    const AttentionWeights<double> weights = attention(smooth);
    const Geometry<double> start = geometry();
    const auto forward = [&](const List& input) {
        Parts parts(input);
        const auto p = parts.takeProjections(start.rows());
        const auto v = parts.take(3 * atoms, channels);
        return Parts().add(sendMessages(weights, p, v, replaced(start, parts))).list();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts parts(input), by(g), result;
        const auto p = parts.takeProjections(start.rows());
        const auto v = parts.take(3 * atoms, channels);
        const Geometry<double> given = replaced(start, parts);
        const State<double> wanted = by.takeState();
        GeometryGradient<double> gradient(given);
        Matrix<double> byV(3 * atoms, channels);
        const auto byP =
            sendMessagesAdjoint(weights, p, v, given, {wanted.x, wanted.v}, byV, gradient);
        addGeometry(result.add(byP).add(byV), gradient);
        return result.list();
    };
    Parts input;
    input.add(project(weights, matrix(atoms, channels), start));
    addGeometry(input.add(matrix(3 * atoms, channels)), start);
    expectAdjoint(input.list(), forward, adjoint);
}

TEST_F(MessageStage, SendMessagesAdjoint_IsItsDerivative) {
    check(true);
    check(false);
}

TEST_F(PlainStages, UpdateAdjoint_IsItsDerivative) {
    const UpdateWeights<double> weights = updates();
    const auto forward = [&](const List& input) {
        Parts parts(input);
        const State<double> before = parts.takeState(), sent = parts.takeState();
        return Parts().add(update(weights, before, {sent.x, sent.v})).list();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts parts(input), by(g);
        const State<double> before = parts.takeState(), sent = parts.takeState();
        State<double> gradient = by.takeState();
        const auto byMessages = updateAdjoint(weights, before, {sent.x, sent.v}, gradient);
        return Parts().add(gradient).add(byMessages).list();
    };
    expectAdjoint(Parts().add(state()).add(state()).list(), forward, adjoint);
}

TEST_F(PlainStages, InverseRoot_UndoesTheMatrixTwice) {
    const Matrix<double> sample = matrix(3, channels);
    for (const double scale : {1e-4, 1.0, 1e3}) {
        Square<double> C = outerProduct(sample, sample);
        C = combine(scale, C, 1e-5, diagonal(1.0, 1.0, 1.0));
        const Square<double> S = inverseRoot(C), one = S * C * S;
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++)
                EXPECT_NEAR(one[i][j], i == j ? 1 : 0, rounding);
    }
}

TEST_F(PlainStages, Sylvester_IsSolved) {
    const Square<double> S{{{2, 0.3, -0.1}, {0.3, 2, 0.4}, {-0.1, 0.4, 1e-3 + 0.1}}};
    const Square<double> G{{{1, -2, 0.5}, {-2, 3, 0.25}, {0.5, 0.25, -1}}};
    const Square<double> X = solveSylvester(S, G);
    const Square<double> left = S * X, right = X * S;
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            EXPECT_NEAR(left[i][j] + right[i][j], G[i][j], rounding * 100);
}

TEST_F(PlainStages, WhitenAdjoint_IsItsDerivative) {
    WhitenWeights<double> weights = whitening();
    const auto forward = [&](const List& v) { return whiten({channels, v}, weights).values(); };
    const auto adjoint = [&](const List& v, const List& g) {
        return whitenAdjoint({channels, v}, {channels, g}, weights).values();
    };
    const List drawn = matrix(3 * atoms, channels).values();
    expectAdjoint(drawn, forward, adjoint);
    // Zero vectors, where all eigenvalues of the covariance are equal.
    weights.regularization = {1, 1, 1};
    expectAdjoint(List(drawn.size()), forward, adjoint);
    expectAdjoint(plus(List(drawn.size()), 0.01, drawn), forward, adjoint);
}

TEST_F(PlainStages, ZeroVectors_HaveFiniteGradients) {
    const Matrix<double> zero(3 * atoms, channels), g = matrix(atoms, channels);
    EXPECT_EQ(lengths(zero).values(), List(atoms * channels));
    EXPECT_EQ(lengthsAdjoint(zero, g).values(), List(3 * atoms * channels));
    EXPECT_EQ(whiten(zero, whitening()).values(), List(3 * atoms * channels));
    Matrix<Dual<double>> moving(3, channels);
    for (Dual<double>& value : moving.values())
        value.slope = 1;
    for (const Dual<double>& length : lengths(moving).values())
        EXPECT_EQ(length.slope, 0);
}

TEST_F(PlainStages, HeadAdjoint_IsItsDerivative) {
    const HeadWeights<double> weights = head();
    expectAdjoint(
        Parts().add(state()).list(),
        [&](const List& input) { return List{headEnergy(weights, Parts(input).takeState())}; },
        [&](const List& input, const List& g) {
            const State<double> by = headAdjoint(weights, Parts(input).takeState());
            return plus(List(input.size()), g[0], Parts().add(by).list());
        });
}

TEST_F(PlainStages, GatedBlockAdjoint_IsItsDerivative) {
    const HeadWeights<double> weights = head();
    const auto forward = [&](const List& input) {
        return Parts().add(gatedBlock(weights, Parts(input).takeState())).list();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts by(g);
        const auto x = by.take(atoms, channels / 2);
        const State<double> wanted{x, by.take(3 * atoms, channels / 2)};
        return Parts().add(gatedBlockAdjoint(weights, Parts(input).takeState(), wanted)).list();
    };
    expectAdjoint(Parts().add(state()).list(), forward, adjoint);
}

TEST_F(PlainStages, LayerAdjoint_IsItsDerivative) {
    const LayerWeights<double> weights{attention(true), updates(),
                                       StateNorms<double>{norm(), whitening()}};
    const Geometry<double> start = geometry();
    const auto forward = [&](const List& input) {
        Parts parts(input);
        const State<double> before = parts.takeState();
        return Parts().add(layer(weights, before, replaced(start, parts))).list();
    };
    const auto adjoint = [&](const List& input, const List& g) {
        Parts parts(input), by(g), result;
        const State<double> before = parts.takeState();
        const Geometry<double> given = replaced(start, parts);
        GeometryGradient<double> gradient(given);
        addGeometry(result.add(layerAdjoint(weights, before, given, by.takeState(), gradient)),
                    gradient);
        return result.list();
    };
    Parts input;
    addGeometry(input.add(state()), start);
    expectAdjoint(input.list(), forward, adjoint);
}

}  // namespace
}  // namespace molspectra::native::test
