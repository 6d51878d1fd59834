"""What the machine has: GPU, driver, compilers, the Python's torch.

SPDX-License-Identifier: MIT
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

WAIT = 60  # seconds for one answer; the first import of torch is slow
TOOLKIT = Path("/usr/local/cuda/bin")
TORCH = """
import json, pathlib, torch
folder = str(pathlib.Path(torch.__file__).parent)
print(json.dumps(dict(version=torch.__version__, cuda=torch.version.cuda, folder=folder,
                      sees=torch.cuda.is_available())))
"""
HEADER = """
import pathlib, sysconfig
print((pathlib.Path(sysconfig.get_path("include")) / "Python.h").exists())
"""
CARD = ("name", "driver_version", "memory.total", "compute_cap")


def answer(*command):
    """Standard output of a command, or an empty text."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=WAIT)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def tool(name):
    """Path of a program: on the PATH, or of CUDA's toolkit; else an empty text."""
    found = shutil.which(name)
    if not found and (TOOLKIT / name).exists():
        found = str(TOOLKIT / name)
    return found or ""


def lastLine(text):
    return text.splitlines()[-1] if text else ""


def lineWith(word, text):
    return next((line for line in text.splitlines() if word in line), "")


def firstLine(text):
    return text.splitlines()[0] if text else ""


def card():
    """-> dict by the names of CARD, empty without a driver"""
    line = firstLine(answer("nvidia-smi", f"--query-gpu={','.join(CARD)}",
                            "--format=csv,noheader"))
    values = [value.strip() for value in line.split(",")]
    return dict(zip(CARD, values)) if len(values) == len(CARD) else {}


def torchOf(python):
    text = lastLine(answer(python, "-c", TORCH))
    return json.loads(text) if text.startswith("{") else {}


def sanitizer():
    """Path of compute-sanitizer and its option that limits it to some kernels."""
    program = tool("compute-sanitizer")
    text = answer(program, "--help") if program else ""
    options = ("--kernel-name", "--kernel-regex", "--filter")  # the newest first
    return program, next((option for option in options if option in text), "")


def look(python, useDevice=True):
    """-> facts, a dict of texts and dicts that goes into the report"""
    program, limiter = sanitizer()
    return dict(
        card=card() if useDevice else {}, torch=torchOf(python), nvcc=tool("nvcc"),
        nvccVersion=lineWith("release", answer(tool("nvcc") or "nvcc", "--version")),
        sanitizer=program, sanitizerLimiter=limiter,
        cmake=firstLine(answer("cmake", "--version")), ninja=answer("ninja", "--version"),
        compiler=firstLine(answer("c++", "--version")),
        python=answer(python, "--version") or sys.version.split()[0],
        pythonHeader=answer(python, "-c", HEADER) == "True", cores=os.cpu_count(),
        asked=useDevice)


def whyNoDevice(facts):
    """An empty text where the checks can use a GPU."""
    if not facts.get("asked", False):
        return "no device could be used"
    if not facts["card"]:
        return "no device: nvidia-smi shows none"
    if not facts["torch"]:
        return "no torch in this Python"
    if not facts["torch"]["sees"]:
        return "torch sees no device"
    return ""


def describe(facts):
    device = facts["card"].get("name", "none")
    torch = facts["torch"].get("version", "none")
    return (f"device: {device}; torch {torch}; {facts['cmake'] or 'no CMake'}; "
            f"nvcc: {facts['nvcc'] or 'none'}; {facts['cores']} cores")
