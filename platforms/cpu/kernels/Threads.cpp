// The team: one counter starts a piece of work, one barrier serves its stages and its end.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace molspectra::native {

namespace {

using Clock = std::chrono::steady_clock;
using Counter = std::atomic<uint32_t>;

/// What different threads write must not share a cache line, nor the pair of lines that is
/// fetched together.
constexpr size_t separation = 128;

/// How long a thread waits in which way; after both times it sleeps until it is woken.
struct Patience {
    std::chrono::microseconds spin;   ///< holding the core
    std::chrono::microseconds yield;  ///< and then offering the core to others
};

/// Stages end within microseconds of each other. Whoever is much later than that has lost its core,
/// perhaps to the very thread that waits for it. Sleeping comes late, because being woken takes as
/// long as some stages, and once asleep both threads tend to sleep in turns.
constexpr Patience inBarrier{std::chrono::microseconds(50), std::chrono::microseconds(200)};

/// The next step of a simulation follows after the integrator, some tens of microseconds later.
constexpr Patience betweenWork{std::chrono::microseconds(100), std::chrono::microseconds(300)};

/// Looks at the counter between two looks at the clock, which costs about as much as one pause.
constexpr int looksPerClock = 16;

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool changes(const Counter& counter, uint32_t old) {
    for (int look = 0; look < looksPerClock; ++look) {
        if (counter.load(std::memory_order_acquire) != old)
            return true;
        pause();
    }
    return false;
}

/// Returns when the counter is no longer `old`; what was written before it changed is seen.
void await(const Counter& counter, uint32_t old, const Patience& patience) {
    if (changes(counter, old))
        return;
    const Clock::time_point begin = Clock::now();
    for (Clock::duration waited{}; waited < patience.spin + patience.yield;
         waited = Clock::now() - begin) {
        if (waited >= patience.spin)
            std::this_thread::yield();
        if (changes(counter, old))
            return;
    }
    counter.wait(old, std::memory_order_acquire);
}

/// Sequentially consistent, because a sleeper announces itself and then looks at the counter,
/// while this changes the counter and then looks for sleepers.
void advance(Counter& counter) {
    counter.fetch_add(1, std::memory_order_seq_cst);
    counter.notify_all();
}

}  // namespace

struct Barrier {
    alignas(separation) Counter arrived{0};
    alignas(separation) Counter round{0};
};

void Member::wait() {
    if (count == 1)
        return;
    // No round can end before this member has arrived, so the value is the current one.
    const uint32_t round = barrier_->round.load(std::memory_order_relaxed);
    const auto before = barrier_->arrived.fetch_add(1, std::memory_order_acq_rel);
    if (before + 1 < static_cast<uint32_t>(count)) {
        await(barrier_->round, round, inBarrier);
        return;
    }
    // The others read this only after the round has changed.
    barrier_->arrived.store(0, std::memory_order_relaxed);
    advance(barrier_->round);
}

struct Team::State {
    Barrier barrier;
    alignas(separation) Counter started{0};
    /// What the workers read after `started` has changed.
    alignas(separation) void (*work)(void* context, Member& member) = nullptr;
    void* context = nullptr;
    bool ending = false;
    int size;
    std::vector<std::thread> workers;

    explicit State(int threads) : size(threads) {}

    ~State() {
        ending = true;
        advance(started);
        for (std::thread& worker : workers)
            worker.join();
    }
};

Team::Team(int threads) : state_(std::make_unique<State>(std::max(threads, 1))) {
    State& state = *state_;
    const auto serve = [&state](Member member) {
        for (uint32_t seen = 0;; ++seen) {
            await(state.started, seen, betweenWork);
            if (state.ending)
                return;
            state.work(state.context, member);
            member.wait();
        }
    };
    state.workers.reserve(static_cast<size_t>(state.size) - 1);
    for (int index = 1; index < state.size; ++index) {
        Member member;
        member.index = index;
        member.count = state.size;
        member.barrier_ = &state.barrier;
        state.workers.emplace_back(serve, member);
    }
}

Team::~Team() = default;

int Team::size() const {
    return state_->size;
}

void Team::run(void (*work)(void* context, Member& member), void* context) {
    Member caller;
    caller.count = state_->size;
    caller.barrier_ = &state_->barrier;
    if (state_->size > 1) {
        state_->work = work;
        state_->context = context;
        advance(state_->started);
    }
    work(context, caller);
    caller.wait();
}

}  // namespace molspectra::native
