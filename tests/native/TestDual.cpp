// Dual numbers: derivatives of their functions, and what comparisons see.
// SPDX-License-Identifier: MIT
#include "native/NativeFixtures.h"
#include "platforms/cpu/kernels/plain/Dual.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace molspectra::native::test {
namespace {

using plain::Dual;

TEST(Dual, Functions_HaveTheirDerivatives) {
    const auto all = [](const auto& x) {
        using std::cos, std::exp, std::pow, std::sin, std::sqrt;
        using T = std::remove_cvref_t<decltype(x)>;
        return std::vector<T>{exp(x), sqrt(x), cos(x), sin(x), pow(x, -1.0 / 6.0),
                              x * x - T(1) / x, -x / (x + T(2))};
    };
    constexpr double x = 0.7, step = 2e-4, tolerance = 1e-10;
    const auto slopes = centralDifference([&](double by) { return all(x + by); }, step);
    const auto duals = all(Dual<double>(x, 1.0));
    for (size_t n = 0; n < slopes.size(); n++) {
        EXPECT_DOUBLE_EQ(duals[n].value, all(x)[n]);
        EXPECT_NEAR(duals[n].slope, slopes[n], tolerance);
    }
}

TEST(Dual, Comparisons_LookAtTheValue) {
    EXPECT_TRUE(Dual<double>(1, 5) == Dual<double>(1, 2));
    EXPECT_TRUE(Dual<double>(1, 5) < Dual<double>(2, 1));
}

}  // namespace
}  // namespace molspectra::native::test
