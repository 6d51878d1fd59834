#!/usr/bin/env python3
"""Checks that error texts begin in lower case or with a name, and do not end with a full stop.

SPDX-License-Identifier: MIT
"""

import re

import sources

CALL = re.compile(r"\b(?:fail|Error|OpenMMException)\s*\(")
TOKEN = re.compile(r"""
    R"(?P<mark>\w*)\((?P<raw>.*?)\)(?P=mark)"     # raw literal
  | "(?P<text>(?:[^"\\\n]|\\.)*)"                # literal
  | '(?:[^'\\\n]|\\.)+'                          # character
  | //[^\n]* | /\*.*?\*/                         # comment
  | (?P<sign>[(){};,]) | \s+ | [\w.]+ | .
""", re.VERBOSE | re.DOTALL)
# A sentence begins with a capital and goes on in lower case; a name has another capital or digit.
SENTENCE = re.compile(r"[A-Z][a-z]*(?![A-Za-z0-9])")


def literals(text, start):
    """The first literal of a call whose arguments begin at `start` if it opens the call, and the
    last one if it ends the call; each None otherwise."""
    depth, first, last, opened = 1, None, None, False
    for token in TOKEN.finditer(text, start):
        if token.lastgroup is None and (not token[0].strip() or token[0][:2] in ("//", "/*")):
            continue
        if token["sign"] in ("(", "{"):
            depth += 1
        elif token["sign"] in (")", "}"):
            depth -= 1
            if depth == 0:
                return first, last
        literal = token["text"] if token["text"] is not None else token["raw"]
        if literal is not None and not opened:
            first = literal
        # cat("..." and std::string("...") open a call as its first literal does.
        opened = opened or literal is not None or token["sign"] == ","
        if token["sign"] not in (")", "}"):
            last = literal
    return None, None


def check(root, path, text):
    found = []
    for call in CALL.finditer(text):
        first, last = literals(text, call.end())
        line = text.count("\n", 0, call.start()) + 1
        if first and SENTENCE.match(first):
            found.append((line, f'"{first}" begins like a sentence; begin in lower case or with a '
                                "name"))
        if last and last.rstrip().endswith((".", "!")):
            found.append((line, f'"{last}" ends with a full stop'))
    return found


if __name__ == "__main__":
    sources.run(sources.CPP, check)
