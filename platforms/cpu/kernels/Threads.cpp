// The team: one counter starts a piece of work, the members' arrivals end its stages.
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

/// The first looks, without pauses: one of them lasts as long as news from another core travel.
constexpr int hastyLooks = 64;

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
    for (int look = 0; look < hastyLooks; ++look)
        if (counter.load(std::memory_order_acquire) != old)
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

/// How often a member has arrived. Each writes its own and looks at those of all others: so news of
/// the last one make one journey between cores, where one counter of arrivals and one of rounds
/// made three.
struct alignas(separation) Arrivals {
    Counter count{0};
};

void Member::wait() {
    if (count == 1)
        return;
    for (int other = 0; other < count; ++other)
        if (other != index)
            __builtin_prefetch(&arrivals_[other]);  // comes while this member's own is changed
    const uint32_t before = arrivals_[index].count.load(std::memory_order_relaxed);
    advance(arrivals_[index].count);
    const bool hurried = underLoad_ > 0;
    bool waited = false, slept = false;
    for (int other = 0; other < count; ++other) {
        // Others may be one round ahead, and nobody is further behind than this.
        if (other == index || arrivals_[other].count.load(std::memory_order_acquire) != before)
            continue;
        waited = true;
        slept |= await(arrivals_[other].count, before, hurried ? underLoad : inBarrier);
    }
    // Sleeping out of hurry says nothing: only a patient wait can find the load again.
    if (waited)
        underLoad_ = hurried ? underLoad_ - 1 : slept ? waitsUnderLoad : 0;
}

struct Team::State {
    std::vector<Arrivals> arrivals;
    alignas(separation) Counter started{0};
    /// What the workers read after `started` has changed.
    alignas(separation) void (*work)(void* context, Member& member) = nullptr;
    void* context = nullptr;
    bool ending = false;
    int size;
    pid_t process = getpid();
    Member caller;
    std::vector<std::thread> workers;

    explicit State(int threads) : arrivals(static_cast<size_t>(threads)), size(threads) {}

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
    state.caller.arrivals_ = state.arrivals.data();
    state.workers.reserve(static_cast<size_t>(state.size) - 1);
    for (int index = 1; index < state.size; ++index) {
        Member member;
        member.index = index;
        member.count = state.size;
        member.arrivals_ = state.arrivals.data();
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
