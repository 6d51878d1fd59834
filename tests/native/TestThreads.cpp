// The team of threads: order of reads and writes, reuse, sleep, crowds, and busy neighbors.
// SPDX-License-Identifier: MIT
#include "core/Error.h"
#include "core/Random.h"
#include "platforms/cpu/kernels/Threads.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace molspectra;
using molspectra::native::Member;
using molspectra::native::Team;

namespace {

constexpr int teamSizes[] = {1, 2, 3, 4, 7};

/// Rounds that make a missing barrier show, few enough for machines with fewer cores than members.
constexpr int manyRounds = 4000;

/// Longer than a worker stays awake without work.
constexpr std::chrono::milliseconds longPause{3};

/// Calls a function object on every member.
template <class Work>
void runOn(Team& team, Work work) {
    team.run([](void* context, Member& member) { (*static_cast<Work*>(context))(member); }, &work);
}

/// A number for each member, in one of two rows: a member that is a round ahead or behind would
/// read or overwrite what belongs to another round.
struct Relay {
    explicit Relay(size_t members) {
        row[0].resize(members);
        row[1].resize(members);
    }

    /// In every round each member adds up what all wrote in the round before.
    void play(Member& member, int rounds) {
        for (int round = 0; round < rounds; ++round) {
            const std::vector<int64_t>& before = row[round % 2];
            const int64_t sum = std::accumulate(before.begin(), before.end(), int64_t{0});
            row[1 - round % 2][member.index] = sum % modulus + member.index;
            member.wait();
        }
    }

    /// What one thread computes by itself.
    static std::vector<int64_t> expected(int members, int rounds) {
        std::vector<int64_t> row(members);
        for (int round = 0; round < rounds; ++round) {
            const int64_t sum = std::accumulate(row.begin(), row.end(), int64_t{0});
            for (int m = 0; m < members; ++m)
                row[m] = sum % modulus + m;
        }
        return row;
    }

    static constexpr int64_t modulus = 1000003;
    std::vector<int64_t> row[2];
};

void expectRelayWorks(Team& team, int rounds) {
    Relay relay(team.size());
    runOn(team, [&](Member& member) { relay.play(member, rounds); });
    EXPECT_EQ(relay.row[rounds % 2], Relay::expected(team.size(), rounds));
}

/// Keeps a core busy until it goes out of scope.
class Hog {
public:
    Hog() : thread_([this] {
        while (!done_.load(std::memory_order_relaxed)) {
        }
    }) {}
    ~Hog() {
        done_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> done_{false};
    std::thread thread_;
};

}  // namespace

TEST(Threads, Run_CallsEveryMemberOnce) {
    for (int size : teamSizes) {
        Team team(size);
        EXPECT_EQ(team.size(), size);
        std::vector<int> calls(size), counts(size);
        runOn(team, [&](Member& member) {
            ++calls[member.index];
            counts[member.index] = member.count;
        });
        EXPECT_EQ(calls, std::vector<int>(size, 1));
        EXPECT_EQ(counts, std::vector<int>(size, size));
    }
}

TEST(Threads, Run_WorksOnTheCallingThreadToo) {
    for (int size : teamSizes) {
        Team team(size);
        std::vector<std::thread::id> threads(size);
        runOn(team, [&](Member& member) { threads[member.index] = std::this_thread::get_id(); });
        EXPECT_EQ(threads[0], std::this_thread::get_id());
        for (int m = 1; m < size; ++m)
            EXPECT_NE(threads[m], threads[m - 1]);
    }
}

TEST(Threads, SizesBelowOne_AreOne) {
    for (int size : {0, -3})
        EXPECT_EQ(Team(size).size(), 1);
}

TEST(Threads, Wait_ShowsEveryMemberWhatTheOthersWrote) {
    for (int size : teamSizes) {
        Team team(size);
        expectRelayWorks(team, manyRounds);
        expectRelayWorks(team, 1);
    }
}

TEST(Threads, Run_ReturnsWhenAllMembersHave) {
    for (int size : teamSizes) {
        Team team(size);
        // Plain numbers: the caller writes them before, and reads them after, each piece of work.
        std::vector<int64_t> number(size, 0);
        for (int piece = 0; piece < manyRounds; ++piece) {
            runOn(team, [&](Member& member) { number[member.index] += member.index + piece; });
            for (int m = 0; m < size; ++m)
                ASSERT_EQ(number[m], m + piece);
            number.assign(size, 0);
        }
    }
}

TEST(Threads, MembersThatComeLate_AreWaitedFor) {
    Team team(3);
    std::vector<int> seen(3, 0);
    std::vector<int> written(3, 0);
    runOn(team, [&](Member& member) {
        for (int late = 0; late < 3; ++late) {
            if (member.index == late)
                std::this_thread::sleep_for(longPause);
            written[member.index] = late + 1;
            member.wait();
            seen[member.index] += written[late];
            member.wait();
        }
    });
    EXPECT_EQ(seen, std::vector<int>(3, 1 + 2 + 3));
}

TEST(Threads, Team_WorksAfterItHasSlept) {
    for (int size : {2, 3}) {
        Team team(size);
        for (int nap = 0; nap < 10; ++nap) {
            std::this_thread::sleep_for(longPause);
            expectRelayWorks(team, 20);
        }
    }
}

TEST(Threads, Teams_ComeAndGo) {
    for (int n = 0; n < 300; ++n) {
        Team idle(n % 4 + 1);
        Team working((n + 1) % 4 + 1);
        if (n % 3 == 0)
            expectRelayWorks(working, 3);
        if (n % 50 == 0)
            std::this_thread::sleep_for(longPause);
    }
}

TEST(Threads, ForkedProcess_IsToldAndEnds) {
    auto team = std::make_unique<Team>(3);
    const pid_t child = fork();
    if (child == 0) {
        alarm(20);  // ends it if it waits for threads that it has not
        int status = 1;
        try {
            runOn(*team, [](Member&) {});
        } catch (const Error&) {
            status = 0;
        }
        team.reset();
        _exit(status);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    expectRelayWorks(*team, 5);
}

TEST(Threads, SeveralTeams_WorkForSeveralCallersAtOnce) {
    std::vector<std::thread> callers;
    for (int caller = 0; caller < 4; ++caller)
        callers.emplace_back([caller] {
            Team team(caller % 3 + 1);
            for (int piece = 0; piece < 50; ++piece)
                expectRelayWorks(team, 10 + caller);
        });
    for (std::thread& caller : callers)
        caller.join();
}

TEST(Threads, OneTeam_ServesCallersInTurn) {
    Team team(3);
    for (int turn = 0; turn < 20; ++turn)
        std::thread([&] { expectRelayWorks(team, 10); }).join();
}

TEST(Threads, SumsByMember_HaveTheSameBitsEveryTime) {
    Random random(1);
    std::vector<double> terms(1000);
    for (double& term : terms)
        term = random.normal();
    for (int size : teamSizes) {
        Team team(size);
        std::vector<double> totals;
        for (int repeat = 0; repeat < 100; ++repeat) {
            std::vector<double> part(size, 0.0);
            runOn(team, [&](Member& member) {
                for (size_t k = member.index; k < terms.size(); k += member.count)
                    part[member.index] += terms[k];
            });
            totals.push_back(std::accumulate(part.begin(), part.end(), 0.0));
        }
        EXPECT_EQ(totals, std::vector<double>(totals.size(), totals.front()));
    }
}

TEST(Threads, MoreMembersThanCores_Finish) {
    Team team(4 * static_cast<int>(std::thread::hardware_concurrency()) + 1);
    expectRelayWorks(team, 200);
}

TEST(Threads, BusyNeighbors_DoNotStallATeam) {
    std::vector<Hog> hogs(std::thread::hardware_concurrency());
    Team team(3);
    for (int piece = 0; piece < 5; ++piece)
        expectRelayWorks(team, 40);
}
