// Products of features with weights, in registers: rows of a tile by one panel of outputs.
// SPDX-License-Identifier: MIT
#pragma once

#include "platforms/cpu/kernels/Simd.h"
#include "platforms/cpu/kernels/State.h"

namespace molspectra::native {
namespace {

/// First and one past the last of what a member does.
struct Range {
    int begin, end;
};

/// The first members have the larger shares: member 0 is the one whose time is taken.
[[gnu::always_inline]] inline Range share(int items, int index, int count) {
    const auto upTo = [&](int members) {
        return static_cast<int>((static_cast<int64_t>(items) * members + count - 1) / count);
    };
    return {upTo(index), upTo(index + 1)};
}

/// Rows of one tile, so that accumulators, two vectors of weights and one factor fill the
/// registers: 32 of them if they hold 64 bytes, 16 if less.
template <class T, int W>
inline constexpr int tileRows = W * sizeof(T) == 64 ? 12 : 6;

/// Rows that are multiplied with all panels before the next ones come: they stay in the cache.
inline constexpr int chunkRows = 72;

/// a [inputs,rows,2 W] times a matrix, or a range of a's panels times theirs of the matrix.
template <class T>
struct Term {
    const T* a;
    const Packed<T>* matrix;
    Range inputs;
};

template <class T>
[[gnu::always_inline]] inline Term<T> whole(const T* a, const Packed<T>& matrix) {
    return {a, &matrix, {0, matrix.inputs}};
}

/// Inputs that are multiplied between two looks ahead.
inline constexpr int together = 4;

/// Weights that are wanted soon: the tiles of one panel bring the next one into the cache, because
/// nothing else asks for memory while they work. A few lines at a time: many at once fill what the
/// processor keeps of requests, and products wait until the first of them is answered.
template <class T>
struct Ahead {
    const T* data;
    int lines;  ///< of the cache, for `together` inputs
};

/// R rows of one panel: c = (bias or c) + a times the panel.
template <class T, int W, int R>
[[gnu::always_inline]] inline void tile(const T* a, size_t stride, int inputs, const T* panel,
                                        T* c, const T* bias, bool accumulate, Ahead<T> ahead) {
    using V = Vec<T, W>;
    constexpr int line = 64 / sizeof(T);
    V low[R], high[R];
    const V biasLow = bias ? load<T, W>(bias) : zero<T, W>();
    const V biasHigh = bias ? load<T, W>(bias + W) : zero<T, W>();
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
        low[r] = accumulate ? load<T, W>(c + r * 2 * W) : biasLow;
        high[r] = accumulate ? load<T, W>(c + r * 2 * W + W) : biasHigh;
    }
    for (int input = 0; input < inputs; ++input, a += stride)
        for (int k = 0; k < 2 * W; k += together) {
            for (int i = 0; i < ahead.lines; ++i, ahead.data += line)
                __builtin_prefetch(ahead.data);
#pragma GCC unroll 4
            for (int j = k; j < k + together; ++j, panel += 2 * W) {
                const V left = load<T, W>(panel), right = load<T, W>(panel + W);
#pragma GCC unroll 12
                for (int r = 0; r < R; ++r) {
                    const V factor = spread<T, W>(a[r * 2 * W + j]);
                    low[r] += factor * left;
                    high[r] += factor * right;
                }
            }
        }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
        store<T, W>(c + r * 2 * W, low[r]);
        store<T, W>(c + r * 2 * W + W, high[r]);
    }
}

template <class T, int W, int R = tileRows<T, W>>
inline void tileOf(int rows, const T* a, size_t stride, int inputs, const T* panel, T* c,
                   const T* bias, bool accumulate, Ahead<T> ahead) {
    if (rows == R)
        tile<T, W, R>(a, stride, inputs, panel, c, bias, accumulate, ahead);
    else if constexpr (R > 1)
        tileOf<T, W, R - 1>(rows, a, stride, inputs, panel, c, bias, accumulate, ahead);
}

/// Where the weights of a panel of outputs for a panel of inputs begin.
template <class T, int W>
[[gnu::always_inline]] inline const T* weightsAt(const Packed<T>& matrix, int output, int input) {
    return matrix.data + (static_cast<size_t>(output) * matrix.inputs + input) * 4 * W * W;
}

template <class T, int W>
[[gnu::always_inline]] inline const T* panelOf(const Term<T>& term, int panel) {
    return weightsAt<T, W>(*term.matrix, panel, term.inputs.begin);
}

/// c [panels,rows,2 W] = (bias of the first term, or c) + the sum of the terms; of it `panels`, and
/// of each panel the rows of `part`.
template <class T>
struct Product {
    T* c = nullptr;
    int rows = 0;
    const Term<T>* terms = nullptr;
    int count = 0;
    Range panels{0, 0};
    bool accumulate = false;
    Range part{0, rows};
};

/// Panels of a feature that other members have written. They lie in the caches of other cores and
/// come slowly from there: products ask for a few with each tile, so that whoever needs them later
/// finds them. Large features would not stay in the cache anyway.
template <class T>
class Others {
public:
    Others() = default;
    /// Of a [panels,size] all but `own`.
    Others(const T* a, int panels, int size, Range own) {
        if (size > mostOfPanel)
            return;
        next_[0] = a;
        end_[0] = a + static_cast<size_t>(own.begin) * size;
        next_[1] = a + static_cast<size_t>(own.end) * size;
        end_[1] = a + static_cast<size_t>(panels) * size;
    }

    void fetch(size_t lines) {
        for (int part = 0; part < 2; ++part)
            for (; lines > 0 && next_[part] < end_[part]; --lines, next_[part] += line)
                __builtin_prefetch(next_[part], 0, 2);  // not into the first cache: weights pass it
    }
    void fetchAll() { fetch(~size_t(0)); }

private:
    static constexpr int line = 64 / sizeof(T), mostOfPanel = 288 * line;
    const T* next_[2] = {};
    const T* end_[2] = {};
};

/// What is asked for with a tile: about as much as a core waits for at once.
inline constexpr size_t linesPerTile = 14;

/// The rows of a chunk by one panel of each term, while the weights at `next` come, and `others`.
template <class T, int W>
inline void multiplyPanel(const Product<T>& product, Range chunk, int panel, const T* next,
                          Others<T>& others) {
    const size_t stride = static_cast<size_t>(product.rows) * 2 * W;
    const int tiles = (chunk.end - chunk.begin + tileRows<T, W> - 1) / tileRows<T, W>;
    for (int t = 0; t < product.count; ++t) {
        const Term<T>& term = product.terms[t];
        const int inputs = term.inputs.end - term.inputs.begin;
        const T* weights = panelOf<T, W>(term, panel);
        const T* ahead = t + 1 < product.count ? panelOf<T, W>(product.terms[t + 1], panel) : next;
        constexpr int line = 64 / sizeof(T), groupLines = together * 2 * W / line;
        const int lines = ahead ? (groupLines + tiles - 1) / tiles : 0;
        const size_t perTile = static_cast<size_t>(inputs) * 2 * W / together * lines * line;
        const T* a = term.a + term.inputs.begin * stride;
        const T* bias = t == 0 && term.matrix->bias ? term.matrix->bias + panel * 2 * W : nullptr;
        for (int i = 0; i < tiles; ++i) {
            const Range part = share(chunk.end - chunk.begin, i, tiles);
            const size_t first = static_cast<size_t>(chunk.begin + part.begin) * 2 * W;
            others.fetch(linesPerTile);
            tileOf<T, W>(part.end - part.begin, a + first, stride, inputs, weights,
                         product.c + panel * stride + first, bias, product.accumulate || t > 0,
                         {ahead + i * perTile, lines});
        }
    }
}

/// One product after the other, while the weights of the next one come, after the last those at
/// `after`, if any, and `others` from the start.
template <class T, int W>
inline void multiply(const Product<T>* products, int count, const T* after = nullptr,
                     Others<T> others = {}) {
    for (const Product<T>*product = products, *end = products + count; product < end; ++product) {
        const Range panels = product->panels, part = product->part;
        const T* following =
            product + 1 < end ? panelOf<T, W>(product[1].terms[0], product[1].panels.begin) : after;
        for (int begin = part.begin; begin < part.end; begin += chunkRows) {
            const Range chunk{begin, begin + chunkRows < part.end ? begin + chunkRows : part.end};
            for (int panel = panels.begin; panel < panels.end; ++panel) {
                const T* next = panel + 1 < panels.end
                                    ? panelOf<T, W>(product->terms[0], panel + 1)
                                : chunk.end < part.end
                                    ? panelOf<T, W>(product->terms[0], panels.begin)
                                    : following;
                multiplyPanel<T, W>(*product, chunk, panel, next, others);
            }
        }
    }
}

template <class T, int W>
inline void multiply(T* c, int rows, const Term<T>* terms, int count, Range panels,
                     bool accumulate = false) {
    const Product<T> product{c, rows, terms, count, panels, accumulate};
    multiply<T, W>(&product, 1);
}

template <class T, int W>
inline void multiply(T* c, int rows, const T* a, const Packed<T>& matrix, Range panels) {
    const Term<T> term = whole(a, matrix);
    multiply<T, W>(c, rows, &term, 1, panels);
}

/// Products of a member's own inputs, which it need not wait for, with all panels of c.
template <class T>
struct Products {
    Product<T> list[6];
    int count = 0;

    /// The member's own panels go to (or onto) c, the others to `parts`, where their owners find
    /// them.
    void add(T* c, T* parts, int rows, const Term<T>* terms, int termCount, Range own,
             bool accumulate = false) {
        const int panels = terms[0].matrix->outputs;
        if (own.begin > 0)
            list[count++] = {parts, rows, terms, termCount, {0, own.begin}, false};
        list[count++] = {c, rows, terms, termCount, own, accumulate};
        if (own.end < panels)
            list[count++] = {parts, rows, terms, termCount, {own.end, panels}, false};
    }
};

}  // namespace
}  // namespace molspectra::native
