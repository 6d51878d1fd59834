// How many processor threads LibTorch uses, and how they calculate.
// SPDX-License-Identifier: MIT
#include "trainer/training/Threads.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

namespace molspectra {

void setThreads(int64_t count) {
    if (count > 0)
        at::set_num_threads(static_cast<int>(count));
}

int64_t threads() {
    return at::get_num_threads();
}

bool flushDenormals() {
    return at::globalContext().setFlushDenormal(true);
}

}  // namespace molspectra
