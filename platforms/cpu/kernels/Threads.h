// A team of threads that work on one evaluation together: woken quickly, parked when idle.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

namespace molspectra::native {

/// What a member of a team knows while it works. Kernels that are compiled for several instruction
/// sets call wait() and nothing else of this file.
class Member {
public:
    int index = 0;  ///< 0 ... count-1; 0 is the calling thread
    int count = 1;

    /// Returns when every member has called it: a barrier. Whatever a member wrote before is seen
    /// by all members after it.
    void wait();

private:
    friend class Team;
    struct Arrivals* arrivals_ = nullptr;  ///< of all members
    int underLoad_ = 0;  ///< waits left in which other programs are expected to want the cores
};

/// Workers spin for some microseconds after their last work, because the next evaluation of a
/// molecular dynamics run comes soon, and then sleep. In a barrier members spin as long as a stage
/// may last and then sleep; one that had to expects other programs to want the cores, and sleeps
/// almost at once for a while. So a step costs little on a quiet machine, and a busy or
/// oversubscribed one is not starved. One Team serves one caller at a time.
class Team {
public:
    /// Starts threads-1 workers; numbers below 1 count as 1.
    /// @throws std::system_error if the system refuses a thread
    explicit Team(int threads);
    /// Ends and joins the workers. In a process that was forked meanwhile there are none to join.
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const;

    /// Calls work(context, member) once on every member, the caller included, and returns when all
    /// have returned. `work` must not throw.
    /// @throws Error in a process that was forked after the Team was made: it has no workers
    void run(void (*work)(void* context, Member& member), void* context);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace molspectra::native
