// Records that threads work on, taken in groups and handed on in the order of the file.
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace molspectra {

inline constexpr size_t groupSize = 32;  ///< records for each thread at a time

/// @param next     gives an optional record; none at the end
/// @param work     done on each record by any thread; throws nothing
/// @param deliver  takes each record in turn; false to go on no further
template <typename Next, typename Work, typename Deliver>
void inGroups(int threads, Next&& next, Work&& work, Deliver&& deliver) {
    const size_t most = groupSize * size_t(std::max(threads, 1));
    for (;;) {
        std::vector<typename decltype(next())::value_type> group;
        while (group.size() < most)
            if (auto record = next())
                group.push_back(std::move(*record));
            else
                break;
        if (group.empty())
            return;
        std::atomic<size_t> place = 0;
        const auto run = [&] {
            for (size_t k; (k = place++) < group.size();)
                work(group[k]);
        };
        {
            std::vector<std::jthread> others;
            for (int t = 1; t < threads; t++)
                others.emplace_back(run);
            run();
        }
        for (auto& record : group)
            if (!deliver(record))
                return;
    }
}

}  // namespace molspectra
