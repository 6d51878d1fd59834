// The loops over neighbour pairs behind sumMessages: sums, slopes, and derivatives of both.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace molspectra {

/// A message goes from the sender to the receiver.
struct MessagePair {
    int64_t receiver, sender;
    float sign;  ///< of the row's direction
};

/// Plain arrays of one call, and their tangents where derivatives along a direction are wanted.
/// v is null in the first layer.
struct MessageArrays {
    const float *q, *kv, *v;        ///< [N,F], [N,4F], [N,3,F]
    const float *phi, *direction;   ///< of rows [R], [R,3]
};

/// Slopes that are given and slopes that are added to; as MessageArrays.
struct MessageSlopes {
    const float *m, *w;             ///< of the sums [N,F], [N,3,F]
    float *q, *kv, *v;              ///< v is null in the first layer
    float *phi, *direction;         ///< of rows, written; null where positions are fixed
};

struct MessageSums {
    float *m, *w;                   ///< [N,F], [N,3,F], added to
};

struct MessageShape {
    int64_t channels, heads;
    bool smooth;                    ///< the cutoff multiplies vector messages as well
    const MessagePair* pairs;       ///< [P], row by row
    const int64_t* rows;            ///< pairs before each row [R+1]
};

/// Adds the messages of rows first..last-1.
/// @param z, s  filters before SiLU and their sigmoid [last-first,4F]
void addMessages(const MessageShape& shape, const MessageArrays& arrays, int64_t first,
                 int64_t last, const float* z, const float* s, const MessageSums& sums);

/// Adds the slopes of rows first..last-1.
/// @param gz  slope of z, written
void addSlopes(const MessageShape& shape, const MessageArrays& arrays, int64_t first, int64_t last,
               const float* z, const float* s, float* gz, const MessageSlopes& slopes);

/// Adds the tangents of the messages along `tangents`.
/// @param dz  tangent of z
void addMessageTangents(const MessageShape& shape, const MessageArrays& arrays,
                        const MessageArrays& tangents, int64_t first, int64_t last, const float* z,
                        const float* s, const float* dz, const MessageSums& sums);

/// Adds the tangents of the slopes along `tangents`, the slopes m and w being fixed.
/// @param gz, dgz  slope of z and its tangent, written
void addSlopeTangents(const MessageShape& shape, const MessageArrays& arrays,
                      const MessageArrays& tangents, int64_t first, int64_t last, const float* z,
                      const float* s, const float* dz, float* gz, float* dgz,
                      const MessageSlopes& slopes);

}  // namespace molspectra
