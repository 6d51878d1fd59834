"""What CUDA and OpenCL lack here, in words; found without loading what could crash."""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import ctypes
import os
import re
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Optional

import openmm

from . import _build

UNKNOWN = 0  # a version that a library does not tell
_OLDEST_DRIVER = {12: 525, 13: 580}  # NVIDIA's numbers, by CUDA's major version
_LOADED_SEGMENT, _DYNAMIC_SEGMENT = 1, 2
_NEEDED, _STRING_TABLE = 1, 5


class Cuda(NamedTuple):
    """CUDA's major version of each part that is needed; None for a part that is missing."""

    ours: Optional[int]    # MolSpectra's library
    openmm: Optional[int]  # OpenMM's library
    torch: Optional[int]   # LibTorch's build
    driver: Optional[int]  # the newest that the driver knows


class OpenCL(NamedTuple):
    """Which parts of OpenCL are here."""

    ours: bool    # MolSpectra's library
    openmm: bool  # OpenMM's library
    loader: bool  # libOpenCL.so.1


def neededLibraries(library: Path) -> list[str]:
    """Read which libraries one needs, without loading it; none if it is no library."""
    with open(library, "rb") as file:
        head = file.read(64)
        if len(head) < 64 or head[:6] != b"\x7fELF\2\1":  # 64 bits, low byte first
            return []
        file.seek(struct.unpack_from("<Q", head, 32)[0])
        size, count = struct.unpack_from("<HH", head, 54)
        segments = [struct.unpack("<IIQQQQ16x", file.read(size)) for _ in range(count)]
        entries = []
        for kind, _, start, _, _, length in segments:
            if kind == _DYNAMIC_SEGMENT:
                file.seek(start)
                entries = list(struct.iter_unpack("<QQ", file.read(length)))
        names = [value for tag, value in entries if tag == _NEEDED]
        tables = [start + value - address for tag, value in entries if tag == _STRING_TABLE
                  for kind, _, start, address, _, length in segments
                  if kind == _LOADED_SEGMENT and address <= value < address + length]
        return [_text(file, tables[0] + name) for name in names]


def _text(file, place: int) -> str:
    file.seek(place)
    return file.read(256).split(b"\0")[0].decode()


def cudaVersion(library: Path) -> Optional[int]:
    """Find the major version of CUDA that a library needs; None if there is no such file."""
    if not library.exists():
        return None
    found = re.search(r"\blib(?:cudart|nvrtc)\.so\.(\d+)", " ".join(neededLibraries(library)))
    return int(found[1]) if found else UNKNOWN


def openmmPlugins() -> Path:
    """Find the folder from which `import openmm` loads its platforms."""
    libraries = Path(openmm.version.openmm_library_path)
    if "OPENMM_PLUGIN_DIR" in os.environ or not libraries.is_dir():
        return Path(openmm.Platform.getDefaultPluginsDirectory())
    return libraries / "plugins"


def torchLibraries() -> Path:
    """Find LibTorch's folder: that of the library in use, else that of the package torch."""
    with open("/proc/self/maps") as maps:
        inUse = re.search(r"(/.*)/libtorch_cpu\.so$", maps.read(), re.MULTILINE)
    if inUse:
        return Path(inUse[1])
    package = find_spec("torch")
    folders = package.submodule_search_locations if package else None
    return Path(folders[0]) / "lib" if folders else Path()


def findCuda(plugins: Path) -> Cuda:
    """Look what CUDA is made of; `plugins` is the folder of this package's own libraries."""
    return Cuda(ours=cudaVersion(plugins / "libOpenMMMolSpectraCUDA.so"),
                openmm=cudaVersion(openmmPlugins() / "libOpenMMCUDA.so"),
                torch=cudaVersion(torchLibraries() / "libtorch_cuda.so"),
                driver=_driverVersion())


def _driverVersion() -> Optional[int]:
    library = _load("libcuda.so.1")
    if library is None:
        return None
    version = ctypes.c_int(0)
    failed = library.cuDriverGetVersion(ctypes.byref(version))
    return UNKNOWN if failed else version.value // 1000


def findOpenCL(plugins: Path) -> OpenCL:
    """Look which parts of OpenCL are here; `plugins` as for findCuda."""
    return OpenCL(ours=(plugins / "libOpenMMMolSpectraOpenCL.so").exists(),
                  openmm=(openmmPlugins() / "libOpenMMOpenCL.so").exists(),
                  loader=_load("libOpenCL.so.1") is not None)


def _load(library: str) -> Optional[ctypes.CDLL]:
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None


def cudaConflict(cuda: Cuda) -> Optional[str]:
    """Say which parts are for different major versions of CUDA, or None if they agree.

    Parts that are missing or do not tell their version cannot disagree.
    """
    wanted = cuda.ours or cuda.torch or cuda.openmm
    parts = {"MolSpectra": cuda.ours, "OpenMM": cuda.openmm, "LibTorch": cuda.torch}
    if all(not version or version == wanted for version in parts.values()):
        return None
    found = ", ".join(f"{name} for CUDA {version}" for name, version in parts.items() if version)
    remedies = []
    if cuda.openmm and cuda.openmm != wanted:
        remedies.append(f"pip uninstall openmm-cuda-{cuda.openmm}, then {_installOpenMM(wanted)}")
    if cuda.torch and cuda.torch != wanted:
        remedies.append(f"{_installTorch(wanted)}, or build MolSpectra again with the one here")
    return (f"versions of CUDA that cannot live in one process: {found}; "
            + "; ".join(remedies))


def cudaLacks(cuda: Cuda) -> list[str]:
    """Say of each part that is missing, too old or of another version what to do about it."""
    wanted = cuda.ours or cuda.torch or cuda.openmm
    needed = _OLDEST_DRIVER.get(wanted or 0)
    driver = f"version {needed} or newer" if needed else "the newest"
    lacks = []
    if cuda.driver is None:
        lacks.append("no NVIDIA driver (libcuda.so.1 not found); where there is an NVIDIA GPU, "
                     f"install its driver, {driver}")
    elif cuda.driver and wanted and cuda.driver < wanted:
        lacks.append(f"the NVIDIA driver knows CUDA {cuda.driver} at most, but CUDA {wanted} is "
                     f"needed; update the driver, {driver}")
    if cuda.openmm is None:
        lacks.append(f"no CUDA platform of OpenMM; {_installOpenMM(wanted)}")
    if cuda.torch is None:
        lacks.append(f"no CUDA build of LibTorch; {_installTorch(wanted)}")
    if cuda.ours is None:
        lacks.append("no CUDA library in this build of MolSpectra; build it again where OpenMM's "
                     "CUDA platform and a CUDA build of LibTorch are installed")
    conflict = cudaConflict(cuda)
    return lacks + [conflict] if conflict else lacks


def _installOpenMM(version: Optional[int]) -> str:
    return f"pip install openmm-cuda-{version or 13}=={_build.OPENMM_VERSION}"


def _installTorch(version: Optional[int]) -> str:
    return f"install torch {_build.TORCH_VERSION} as built for CUDA {version or 13}"


def openclLacks(opencl: OpenCL) -> list[str]:
    """Say of each part that is missing what to do about it."""
    lacks = []
    if not opencl.loader:
        lacks.append("no libOpenCL.so.1; install ocl-icd-libopencl1 or its counterpart, and the "
                     "OpenCL driver of your device")
    if not opencl.openmm:
        lacks.append("no OpenCL platform of OpenMM; install openmm with it")
    if not opencl.ours:
        lacks.append("no OpenCL library in this build of MolSpectra; build it again where OpenMM's "
                     "OpenCL platform is installed")
    return lacks
