// Work in another context: pushed and popped in pairs, whatever the work does.
// SPDX-License-Identifier: MIT
#include "platforms/cuda/src/ContextGuard.h"

#include <gmock/gmock.h>
#include <stdexcept>
#include <vector>

using namespace MolSpectraPlugin;
using OpenMM::OpenMMException;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

/// A thread's stack, which counts.
struct Thread {
    int ours = 0, theirs = 0, other = 0;  ///< only their addresses count
    std::vector<int*> contexts = {&theirs};
    int pushes = 0, pops = 0;
    bool refusing = false;

    ContextStack<int*> stack() {
        return {[this](int* context) {
                    if (refusing)
                        throw OpenMMException("no context");
                    ++pushes;
                    contexts.push_back(context);
                },
                [this]() -> int* {
                    ++pops;
                    int* popped = contexts.empty() ? nullptr : contexts.back();
                    if (popped)
                        contexts.pop_back();
                    return popped;
                }};
    }
};

std::string messageOf(const std::function<void()>& action) {
    try {
        action();
    }
    catch (const std::exception& error) {
        return error.what();
    }
    return "no exception";
}

}  // namespace

TEST(InContext, Work_FindsTheContextCurrent) {
    Thread thread;
    int* found = nullptr;
    inContext<int*>(thread.stack(), &thread.ours, [&] { found = thread.contexts.back(); });
    EXPECT_EQ(found, &thread.ours);
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
    EXPECT_EQ(thread.pushes, 1);
    EXPECT_EQ(thread.pops, 1);
}

TEST(InContext, WorkThatThrows_LeavesTheStackAsItWas) {
    Thread thread;
    EXPECT_EQ(messageOf([&] {
                  inContext<int*>(thread.stack(), &thread.ours,
                                  [] { throw std::runtime_error("the work broke"); });
              }),
              "the work broke");
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
    EXPECT_EQ(thread.pops, 1);
}

TEST(InContext, PushThatFails_PopsNothingAndDoesNoWork) {
    Thread thread;
    thread.refusing = true;
    bool worked = false;
    EXPECT_EQ(messageOf([&] {
                  inContext<int*>(thread.stack(), &thread.ours, [&] { worked = true; });
              }),
              "no context");
    EXPECT_FALSE(worked);
    EXPECT_EQ(thread.pops, 0);
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
}

TEST(InContext, WorkThatChangesTheContext_IsTold) {
    Thread thread;
    EXPECT_THAT(messageOf([&] {
                    inContext<int*>(thread.stack(), &thread.ours,
                                    [&] { thread.contexts.back() = &thread.other; });
                }),
                HasSubstr("found another one current, expected the one that was entered"));
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
    EXPECT_EQ(thread.pops, 1);
}

TEST(InContext, PopThatFails_IsTold) {
    Thread thread;
    EXPECT_THROW(inContext<int*>(thread.stack(), &thread.ours, [&] { thread.contexts.clear(); }),
                 OpenMMException);
    EXPECT_EQ(thread.pops, 1);
}

TEST(InContext, ErrorOfTheWork_IsToldRatherThanAChangedContext) {
    Thread thread;
    EXPECT_EQ(messageOf([&] {
                  inContext<int*>(thread.stack(), &thread.ours, [&] {
                      thread.contexts.back() = &thread.other;
                      throw std::runtime_error("the work broke");
                  });
              }),
              "the work broke");
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
}

TEST(InContext, NestedWork_PopsInReverse) {
    Thread thread;
    const auto stack = thread.stack();
    inContext<int*>(stack, &thread.ours, [&] {
        EXPECT_THROW(inContext<int*>(stack, &thread.other, [] { throw std::runtime_error(""); }),
                     std::runtime_error);
        EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs, &thread.ours));
    });
    EXPECT_THAT(thread.contexts, ElementsAre(&thread.theirs));
    EXPECT_EQ(thread.pushes, thread.pops);
}
