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

[[gnu::always_inline]] inline Range share(int items, int index, int count) {
    return {static_cast<int>(static_cast<int64_t>(items) * index / count),
            static_cast<int>(static_cast<int64_t>(items) * (index + 1) / count)};
}

/// Rows of one tile, so that accumulators, two vectors of weights and one factor fill the
/// registers: 32 of them if they hold 64 bytes, 16 if less.
template <class T, int W>
inline constexpr int tileRows = W * sizeof(T) == 64 ? 12 : 6;

/// Rows that are multiplied with all panels before the next ones come: they stay in the cache.
inline constexpr int chunkRows = 72;

/// a [inputs,rows,2 W] times a matrix.
template <class T>
struct Term {
    const T* a;
    const Packed<T>* matrix;
};

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

template <class T, int W>
[[gnu::always_inline]] inline const T* panelOf(const Packed<T>& matrix, int panel) {
    return matrix.data + static_cast<size_t>(panel) * matrix.inputs * 4 * W * W;
}

/// The rows of a chunk by one panel of each term.
template <class T, int W>
inline void multiplyPanel(T* c, int rows, Range chunk, const Term<T>* terms, int count, int panel,
                          bool accumulate) {
    const size_t stride = static_cast<size_t>(rows) * 2 * W;
    const int tiles = (chunk.end - chunk.begin + tileRows<T, W> - 1) / tileRows<T, W>;
    for (int term = 0; term < count; ++term) {
        const Packed<T>& matrix = *terms[term].matrix;
        const T* weights = panelOf<T, W>(matrix, panel);
        const T* next = term + 1 < count ? panelOf<T, W>(*terms[term + 1].matrix, panel)
                                         : panelOf<T, W>(*terms[0].matrix, panel + 1);
        constexpr int line = 64 / sizeof(T), groupLines = together * 2 * W / line;
        const int lines = (groupLines + tiles - 1) / tiles;
        const size_t perTile = static_cast<size_t>(matrix.inputs) * 2 * W / together * lines * line;
        const T* bias = term == 0 && matrix.bias ? matrix.bias + panel * 2 * W : nullptr;
        for (int t = 0; t < tiles; ++t) {
            const Range part = share(chunk.end - chunk.begin, t, tiles);
            const size_t first = static_cast<size_t>(chunk.begin + part.begin) * 2 * W;
            tileOf<T, W>(part.end - part.begin, terms[term].a + first, stride, matrix.inputs,
                         weights, c + panel * stride + first, bias, accumulate || term > 0,
                         {next + t * perTile, lines});
        }
    }
}

/// c [panels,rows,2 W] = (bias of the first term, or c) + the sum of the terms; `panels` of it.
template <class T, int W>
inline void multiply(T* c, int rows, const Term<T>* terms, int count, Range panels,
                     bool accumulate = false) {
    for (int begin = 0; begin < rows; begin += chunkRows) {
        const Range chunk{begin, begin + chunkRows < rows ? begin + chunkRows : rows};
        for (int panel = panels.begin; panel < panels.end; ++panel)
            multiplyPanel<T, W>(c, rows, chunk, terms, count, panel, accumulate);
    }
}

/// Brings the panels of a feature that other members have written into the cache, all at once: the
/// products would ask for them one by one and wait each time. Large features do not fit anyway.
template <class T, int W>
inline void fetchOthers(const T* a, int rows, int panels, Range own) {
    constexpr int line = 64 / sizeof(T), mostRows = 144;
    const int size = rows * 2 * W;
    for (int panel = 0; panel < panels && rows <= mostRows; ++panel)
        if (panel < own.begin || panel >= own.end)
            for (int i = 0; i < size; i += line)
                __builtin_prefetch(a + static_cast<size_t>(panel) * size + i);
}

template <class T, int W>
inline void multiply(T* c, int rows, const T* a, const Packed<T>& matrix, Range panels) {
    const Term<T> term{a, &matrix};
    multiply<T, W>(c, rows, &term, 1, panels);
}

}  // namespace
}  // namespace molspectra::native
