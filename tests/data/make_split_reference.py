#!/usr/bin/env python3
"""Prints the order that TestSplit.cpp expects of ten frames with seed 1: splitmix64 and
Fisher-Yates from the end, in Python's unlimited integers.

SPDX-License-Identifier: MIT
"""

MASK = 2**64 - 1


def splitmix64(state):
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def below(numbers, bound):
    """An integer in [0, bound): the first 2^64 mod bound outputs are redrawn."""
    return next(n for n in numbers if n >= 2**64 % bound) % bound


def permutation(count, seed):
    numbers, order = splitmix64(seed), list(range(count))
    for last in range(count, 1, -1):
        other = below(numbers, last)
        order[last - 1], order[other] = order[other], order[last - 1]
    return order


if __name__ == "__main__":
    print(", ".join(map(str, permutation(10, 1))))
