// Rows of numbers, and the few things done with them: products with weights, columns, sums.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace molspectra::native::plain {

/// A matrix by rows. Vector features [N,3,F] are a matrix [3N,F] whose row is 3 atom + axis.
template <class T>
class Matrix {
public:
    Matrix() = default;
    /// Filled with zeros.
    Matrix(size_t rows, size_t columns) : columns_(columns), values_(rows * columns) {}
    Matrix(size_t columns, std::vector<T> values) : columns_(columns), values_(std::move(values)) {}

    size_t rows() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
    size_t columns() const { return columns_; }
    std::vector<T>& values() & { return values_; }
    const std::vector<T>& values() const& { return values_; }
    std::vector<T> values() && { return std::move(values_); }

    T& operator()(size_t row, size_t column) { return values_[row * columns_ + column]; }
    const T& operator()(size_t row, size_t column) const {
        return values_[row * columns_ + column];
    }

    Matrix& operator+=(const Matrix& other) {
        for (size_t n = 0; n < values_.size(); n++)
            values_[n] += other.values_[n];
        return *this;
    }
    friend Matrix operator+(Matrix a, const Matrix& b) { return a += b; }

private:
    size_t columns_ = 0;
    std::vector<T> values_;
};

/// Weights of y = W x + b. Without a bias the vector is empty.
template <class T>
struct Dense {
    Matrix<T> weight;     ///< [outputs, inputs]
    std::vector<T> bias;  ///< [outputs] or empty
};

/// y = W x + b of every row: x [n, inputs] -> [n, outputs].
template <class T>
Matrix<T> linear(const Matrix<T>& x, const Dense<T>& dense) {
    const Matrix<T>& W = dense.weight;
    Matrix<T> y(x.rows(), W.rows());
    for (size_t n = 0; n < x.rows(); n++)
        for (size_t out = 0; out < W.rows(); out++) {
            T sum = dense.bias.empty() ? T(0) : dense.bias[out];
            for (size_t in = 0; in < W.columns(); in++)
                sum += W(out, in) * x(n, in);
            y(n, out) = sum;
        }
    return y;
}

/// Gradient by x of linear(): gradient by y [n, outputs] -> [n, inputs].
template <class T>
Matrix<T> linearAdjoint(const Matrix<T>& gradient, const Dense<T>& dense) {
    const Matrix<T>& W = dense.weight;
    Matrix<T> result(gradient.rows(), W.columns());
    for (size_t n = 0; n < gradient.rows(); n++)
        for (size_t out = 0; out < W.rows(); out++)
            for (size_t in = 0; in < W.columns(); in++)
                result(n, in) += W(out, in) * gradient(n, out);
    return result;
}

/// `Count` blocks of as many columns each: [n, Count F] -> Count times [n,F].
template <size_t Count, class T>
std::array<Matrix<T>, Count> split(const Matrix<T>& joined) {
    const size_t F = joined.columns() / Count;
    std::array<Matrix<T>, Count> blocks;
    for (size_t block = 0; block < Count; block++) {
        blocks[block] = Matrix<T>(joined.rows(), F);
        for (size_t n = 0; n < joined.rows(); n++)
            for (size_t c = 0; c < F; c++)
                blocks[block](n, c) = joined(n, block * F + c);
    }
    return blocks;
}

/// Blocks side by side, Count times [n,F] -> [n, Count F]: the inverse of split(), and its adjoint.
template <class T, class... Others>
Matrix<T> join(const Matrix<T>& first, const Others&... others) {
    const Matrix<T>* blocks[] = {&first, &others...};
    const size_t F = first.columns();
    Matrix<T> joined(first.rows(), std::size(blocks) * F);
    for (size_t n = 0; n < joined.rows(); n++)
        for (size_t column = 0; column < joined.columns(); column++)
            joined(n, column) = (*blocks[column / F])(n, column % F);
    return joined;
}

}  // namespace molspectra::native::plain
