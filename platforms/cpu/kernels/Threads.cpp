// The team: one counter starts a piece of work, one barrier serves its stages and its end.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Threads.h"

#include "core/Error.h"

#include <unistd.h>

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

using Patience = std::chrono::microseconds;

/// How long a thread holds its core before it sleeps in a barrier. Stages end within microseconds
/// of each other, and being woken takes as long as some stages. Nobody yields: the scheduler would
/// give the core away for milliseconds, while it lets one that was asleep go first.
constexpr Patience inBarrier{300};

/// The same once a member had to sleep: another program wants the cores, and whoever is late has
/// lost its own, perhaps to the very thread that waits for it.
constexpr Patience underLoad{3};

/// Waits under load before a member is patient again: some steps of a simulation.
constexpr int waitsUnderLoad = 400;

/// The next step of a simulation follows after the integrator, some tens of microseconds later.
constexpr Patience betweenWork{200};

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
/// @return whether it had to sleep
bool await(const Counter& counter, uint32_t old, Patience patience) {
    if (changes(counter, old))
        return false;
    const Clock::time_point begin = Clock::now();
    while (Clock::now() - begin < patience)
        if (changes(counter, old))
            return false;
    counter.wait(old, std::memory_order_acquire);
    return true;
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
        const bool hurried = underLoad_ > 0;
        const bool slept = await(barrier_->round, round, hurried ? underLoad : inBarrier);
        // Sleeping out of hurry says nothing: only a patient wait can find the load again.
        underLoad_ = hurried ? underLoad_ - 1 : slept ? waitsUnderLoad : 0;
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
    pid_t process = getpid();
    Member caller;
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
    state.caller.count = state.size;
    state.caller.barrier_ = &state.barrier;
    state.workers.reserve(static_cast<size_t>(state.size) - 1);
    for (int index = 1; index < state.size; ++index) {
        Member member;
        member.index = index;
        member.count = state.size;
        member.barrier_ = &state.barrier;
        state.workers.emplace_back(serve, member);
    }
}

Team::~Team() {
    if (state_->process != getpid())
        (void)state_.release();  // its threads live in the other process and cannot be joined here
}

int Team::size() const {
    return state_->size;
}

void Team::run(void (*work)(void* context, Member& member), void* context) {
    Member& caller = state_->caller;
    if (state_->size > 1) {
        if (state_->process != getpid())
            fail("evaluating natively: found a process that was forked from the one whose threads ",
                 "were to work, expected that one; make a new Context in each process");
        state_->work = work;
        state_->context = context;
        advance(state_->started);
    }
    work(context, caller);
    caller.wait();
}

}  // namespace molspectra::native
