#!/usr/bin/env python3
"""Compares every #include with the table of who may see whom, and checks that our own files exist.

SPDX-License-Identifier: MIT
"""

import re

import sources

# Libraries by the beginning of what is included; the first that matches counts. Anything else
# without a folder or with a C header's name is the standard library or the system.
LIBRARIES = [
    ("cuda", r"c10/cuda/|ATen/cuda/|torch/.*cuda|cuda|nvrtc|cub/"),
    ("openmm-cuda", r"openmm/cuda/|Cuda[A-Z]"),
    ("openmm-opencl", r"openmm/opencl/|OpenCL[A-Z]"),
    ("torch", r"torch/|ATen/|c10/|caffe2/"),
    ("openmm", r"openmm/|OpenMM|lepton/|Reference[A-Z]|Cpu[A-Z]|SimTKOpenMM"),
    ("rdkit", r"GraphMol/|RDGeneral/|RDGeometry/|rdkit/"),
    ("boost", r"boost/"),
    ("json", r"nlohmann/"),
    ("zlib", r"zlib\.h$"),
    ("highway", r"hwy/"),
    ("intrinsics", r"\w*mmintrin\.h$|immintrin\.h$|arm_neon\.h$"),
    ("python", r"Python\.h$"),
    ("gtest", r"gtest/|gmock/"),
    ("benchmark", r"benchmark/"),
    ("system", r"[a-z_0-9]+(\.h)?$|sys/\w+\.h$"),
]

# What each folder may include; the longest folder that holds a file counts. "json" comes with the
# public headers of core.
TABLE = {
    "core": "system zlib json core",
    "model": "system json core model torch",
    "trainer": "system json core model trainer boost",
    "trainer/data": "system json core trainer/data rdkit",
    "trainer/objectives": "system json core model trainer/data trainer/objectives torch",
    "trainer/training": "system json core model trainer/data trainer/objectives trainer/training"
                        " torch",
    "trainer/nccl": "torch system",
    "plugin": "system json core plugin openmm",
    "platforms/reference": "system json core plugin platforms/cpu/src platforms/reference openmm"
                           " torch",
    "platforms/cpu/kernels": "system core platforms/cpu/kernels highway intrinsics",
    "platforms/cpu/src": "system core plugin platforms/cpu openmm",
    "platforms/common/kernels": "system core platforms/common/kernels",
    "platforms/common/src": "system core plugin platforms/common openmm torch",
    "platforms/opencl": "system core plugin platforms/common platforms/opencl openmm openmm-opencl",
    "platforms/cuda": "system core plugin platforms/common platforms/cuda openmm openmm-cuda torch"
                      " cuda",
}

# The one source of the plugin that sees LibTorch, and the one place of the program that turns
# LibTorch's exceptions into sentences.
EXTRA = {"plugin/src/TorchModel.cpp": {"torch"}, "trainer/main.cpp": {"torch"}}

# Headers that may include LibTorch: they are what only torch-side sources include.
TORCH_HEADER_FOLDERS = ("model", "trainer/objectives", "trainer/training", "platforms/common/src",
                        "platforms/cuda")

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
FREE = ("tests", "benchmarks", "examples", "wrappers")


def home(path):
    """The folder of the table that holds a file, or None."""
    parents = [p.as_posix() for p in path.parents]
    return next((p for p in parents if p in TABLE), None)


def resolve(root, path, name):
    """Our own file that an include means, relative to the root, or None."""
    folders = [root, (root / path).parent]
    folders += [root / p / "include" for p in ("plugin", "platforms/reference")]
    folders.append(root / "tests")
    for folder in folders:
        target = (folder / name).resolve()
        if target.is_file() and target.is_relative_to(root):
            return target.relative_to(root)
    return None


def library(name):
    return next((lib for lib, pattern in LIBRARIES if re.match(pattern, name)), None)


def judge(root, path, quote, name, allowed):
    """One sentence if a file may not include `name`, else None."""
    own = resolve(root, path, name) if quote == '"' else None
    if own is not None:
        inside = any(own.as_posix().startswith(f"{a}/") for a in allowed)
        return None if inside else f'"{name}" is in {own.parent}, which this folder may not see'
    if name.endswith("/Embedded.h"):
        return None
    seen = library(name)
    if seen is None or (quote == '"' and seen == "system"):
        return f'"{name}": no such file in the project, and no library that the table knows'
    return None if seen in allowed else f"{name} belongs to {seen}, which this folder may not see"


def exists(root, path, quote, name):
    """In folders that may see everything: only that a quoted file exists."""
    known = quote == "<" or name.endswith("/Embedded.h") or resolve(root, path, name)
    known = known or library(name) not in (None, "system")
    return None if known else f'"{name}": no such file in the project'


def check(root, path, text):
    found = []
    folder = home(path)
    allowed = set((TABLE.get(folder) or "").split()) | EXTRA.get(path.as_posix(), set())
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        if folder:
            sentence = judge(root, path, quote, name, allowed)
        elif path.parts[0] in FREE:
            sentence = exists(root, path, quote, name)
        else:
            sentence = "this folder is not in the table of tests/lint/includes.py"
        if sentence:
            found.append((number, sentence))
        elif path.suffix == ".h" and library(name) == "torch" and path.parts[0] not in FREE \
                and folder not in TORCH_HEADER_FOLDERS:
            found.append((number, f"{name} in a header: LibTorch belongs into sources here"))
    return found


if __name__ == "__main__":
    sources.run(sources.CPP | sources.KERNELS, check)
