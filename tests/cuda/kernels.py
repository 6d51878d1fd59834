#!/usr/bin/env python3
"""Compiles every device kernel for CUDA as OpenMM does, by NVRTC, which needs no driver.

SPDX-License-Identifier: MIT

    kernels.py NVRTC OPENMM FOLDER    # paths of libnvrtc.so and libOpenMMCUDA.so, folder of *.cc

Each source in the folder is compiled for every architecture from sm_75 to sm_120, in every
precision of OpenMM and of the network, with and without a periodic box. It must compile without a
warning, keep all its kernels, and need no more shared memory than every device has without being
asked. The dialect that this puts before a source must say what the one in OpenMM's library says.
"""

import ctypes
import itertools
import re
import struct
import sys
from pathlib import Path

DIALECT = Path(__file__).with_name("Dialect.cuh")
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
MOST_SHARED = 48 * 1024  # bytes of one block
PRECISIONS = {"single": (), "mixed": ("USE_MIXED_PRECISION=1",),
              "double": ("USE_DOUBLE_PRECISION=1",)}
OPTIONS = ("--use_fast_math", "-DPADDED_NUM_ATOMS=64",
           "--diag-suppress=1444")  # double4, a word of the dialect, is old-fashioned since CUDA 13
KERNEL = re.compile(r"^KERNEL void (\w+)", re.MULTILINE)


class Nvrtc:
    """The few functions of NVRTC that are needed."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))
        self.library.nvrtcGetErrorString.restype = ctypes.c_char_p

    def call(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        if result != 0:
            words = self.library.nvrtcGetErrorString(result).decode()
            raise SystemExit(f"calling {name}: NVRTC reports {words}")

    def architectures(self):
        count = ctypes.c_int()
        self.call("nvrtcGetNumSupportedArchs", ctypes.byref(count))
        found = (ctypes.c_int * count.value)()
        self.call("nvrtcGetSupportedArchs", found)
        return list(found)

    def compile(self, text, options):
        """The binary for a device, and what the compiler says; None for the one it cannot make."""
        program = ctypes.c_void_p()
        self.call("nvrtcCreateProgram", ctypes.byref(program), text.encode(), b"kernels.cu", 0,
                  None, None)
        encoded = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        failed = self.library.nvrtcCompileProgram(program, len(options), encoded)
        said = self.take(program, "ProgramLog").rstrip(b"\0").decode().strip()
        binary = None if failed else self.take(program, "CUBIN")
        self.call("nvrtcDestroyProgram", ctypes.byref(program))
        return binary, said

    def take(self, program, what):
        size = ctypes.c_size_t()
        self.call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        self.call(f"nvrtcGet{what}", program, buffer)
        return buffer.raw


def sections(binary):
    """Name and size of each section of an ELF file."""
    start, = struct.unpack_from("<Q", binary, 40)
    size, count, names = struct.unpack_from("<3H", binary, 58)
    headers = [struct.unpack_from("<IIQQQQ", binary, start + i * size) for i in range(count)]
    table = headers[names][4]
    return {binary[table + header[0]:binary.index(b"\0", table + header[0])].decode(): header[5]
            for header in headers}


def sharedMemory(binary):
    """Bytes of shared memory that one block needs, for each kernel of a binary."""
    found = sections(binary)
    reserved = sum(size for name, size in found.items() if name.startswith(".nv.shared.reserved."))
    kernels = [name.removeprefix(".text.") for name in found if name.startswith(".text.")]
    return {kernel: reserved + found.get(f".nv.shared.{kernel}", 0) for kernel in kernels}


def squeezed(text):
    return "".join(text.split())


def dialectFaults(library):
    """Where our dialect says otherwise than OpenMM's library."""
    theirs = library.read_bytes().decode("latin-1")
    faults = []
    for name, meaning in re.findall(r"^#define (\w+(?:\(.*?\))?)(.*)$", DIALECT.read_text(), re.M):
        found = re.findall(rf"#define {re.escape(name)}(?![\w(])([^\n\0]*)", theirs)
        if squeezed(meaning) not in map(squeezed, found):
            faults.append(f"comparing dialects: found {name} as{meaning or ' nothing'}, expected "
                          f"{found or 'no such word'} of {library.name}; correct {DIALECT.name}")
    return faults


def variants():
    """Names and options of the ways in which OpenMM compiles a source."""
    for precision, real, periodic in itertools.product(PRECISIONS, ("float", "double"), (0, 1)):
        if (precision, real) == ("double", "float"):
            continue  # the network computes in double with OpenMM
        options = [f"-D{define}" for define in PRECISIONS[precision]]
        options += [f"-DMODEL_REAL={real}", f"-DMODEL_REAL4={real}4"]
        yield f"{precision}, network in {real}{', periodic' * periodic}", \
            options + ["-DPERIODIC=1"] * periodic


def faultsOf(nvrtc, text, name, architecture, options):
    """One sentence for each thing wrong with a source, and its bytes of shared memory."""
    binary, said = nvrtc.compile(DIALECT.read_text() + text,
                                 [f"--gpu-architecture=sm_{architecture}", *OPTIONS, *options])
    if binary is None or said:
        said = (said or "no binary").splitlines()[0]
        return [f"compiling {name}: found {said}, expected no message"], 0
    needed = sharedMemory(binary)
    faults = [f"compiling {name}: found no kernel {kernel} in the binary, expected it"
              for kernel in KERNEL.findall(text) if kernel not in needed]
    faults += [f"compiling {name}: found {size} bytes of shared memory in {kernel}, expected at "
               f"most {MOST_SHARED}" for kernel, size in needed.items() if size > MOST_SHARED]
    return faults, max(needed.values(), default=0)


def checkItself(nvrtc, architecture):
    """Stops unless what must be found is found."""
    kilobyte = ("KERNEL void reverse(GLOBAL int* out) { LOCAL volatile int a[256]; "
                "a[LOCAL_ID] = out[LOCAL_ID]; SYNC_THREADS out[LOCAL_ID] = a[255 - LOCAL_ID]; }\n")
    faults, size = faultsOf(nvrtc, kilobyte, "a kilobyte", architecture, [])
    if faults or not 1024 <= size <= 2048:  # some architectures reserve another one
        raise SystemExit(f"checking the check: found {size} bytes and {faults}, expected 1024")
    bad = {"too much shared memory": kilobyte.replace("256", "16384"),
           "an unknown type": kilobyte.replace("int a", "inte a"),
           "a kernel left out": f"#if 0\n{kilobyte}#endif\n",
           "a warning": kilobyte.replace("{", "{ int unused;", 1)}
    for what, text in bad.items():
        if not faultsOf(nvrtc, text, what, architecture, [])[0]:
            raise SystemExit(f"checking the check: found no fault, expected {what}")


def main():
    if len(sys.argv) != 4:
        raise SystemExit("usage: kernels.py NVRTC OPENMM FOLDER")
    nvrtc = Nvrtc(sys.argv[1])
    sources = sorted(Path(sys.argv[3]).glob("*.cc"))
    if not sources:
        raise SystemExit(f"looking for kernels: found none in {sys.argv[3]}, expected *.cc")
    known = nvrtc.architectures()
    checkItself(nvrtc, known[0])
    faults = dialectFaults(Path(sys.argv[2]))
    faults += [f"compiling for sm_{a}: found NVRTC without it, expected sm_75 to sm_120"
               for a in (ARCHITECTURES[0], ARCHITECTURES[-1]) if a not in known]
    chosen = [a for a in ARCHITECTURES if a in known]
    compiled, most = 0, 0
    for source, architecture, variant in itertools.product(sources, chosen, variants()):
        name = f"{source.name} for sm_{architecture} ({variant[0]})"
        found, size = faultsOf(nvrtc, source.read_text(), name, architecture, variant[1])
        faults += found
        compiled, most = compiled + 1, max(most, size)
    print("\n".join(faults) or f"{compiled} compilations, at most {most} bytes of shared memory")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
