"""Loading of the platform libraries, after checking that they can work here."""
# SPDX-License-Identifier: MIT
import os
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Optional

import openmm

from . import _build, _diagnose

PLUGINS = Path(__file__).resolve().parent / "lib" / "plugins"
_OLDEST_OPENMM = (8, 4)
_STEM = "libOpenMMMolSpectra"
_REQUIRED = "Reference"
_KERNEL = "CalcMolSpectraForce"
_failures: dict[str, str] = {}


def _minor(text: str) -> tuple[int, int]:
    major, minor = text.split("+")[0].split(".")[:2]
    return int(major), int("".join(c for c in minor if c.isdigit()))


def checkVersions() -> None:
    """Raise ImportError, in words, where the installed versions cannot work together."""
    found = openmm.Platform.getOpenMMVersion()
    if _minor(found) < _OLDEST_OPENMM:
        raise ImportError(f"loading molspectra: OpenMM {found} found, expected 8.4 or newer; "
                          "update openmm")
    if _minor(found) != _minor(_build.OPENMM_VERSION):
        raise ImportError(f"loading molspectra: OpenMM {found} found, but this build is for "
                          f"{_build.OPENMM_VERSION}; install that version or build again")
    try:  # the metadata is enough: importing torch takes seconds and is not needed
        torch = version("torch")
    except PackageNotFoundError:
        return
    if _minor(torch) != _minor(_build.TORCH_VERSION):
        raise ImportError(f"loading molspectra: torch {torch} is installed, but this build is for "
                          f"torch {_build.TORCH_VERSION} (LibTorch's interface changes between "
                          "minor versions); install that version or build again")


def loadPlugins() -> None:
    """Load the libraries of this package's own folder into OpenMM.

    The Reference library must load, the others may fail; see loadFailures.
    """
    if not (PLUGINS / f"{_STEM}{_REQUIRED}.so").exists():
        _failures[_REQUIRED] = f"no such library in {os.fspath(PLUGINS)}"
    for library in sorted(PLUGINS.glob(f"{_STEM}*.so")):
        platform = library.stem.removeprefix(_STEM)
        try:
            reason = _reasonToLeave(platform)
            if reason is None:
                openmm.Platform.loadPluginLibrary(os.fspath(library))
        except openmm.OpenMMException as error:
            reason = str(error)
        if reason is not None:
            _failures[platform] = reason
    if _REQUIRED in _failures:
        raise ImportError(f"loading molspectra: its {_REQUIRED} library cannot be used: "
                          f"{_failures[_REQUIRED]}")


def _reasonToLeave(platform: str) -> Optional[str]:
    """Why a library is better not loaded: it takes long to fail, or may crash. None to load it."""
    if not hasPlatform(platform):
        told = [f"OpenMM has no platform {platform} here", *openmmFailures(platform)]
        return "; ".join(told)
    return _diagnose.cudaConflict(_diagnose.findCuda(PLUGINS)) if platform == "CUDA" else None


def openmmFailures(platform: str) -> list[str]:
    """Why OpenMM could not load its own library for a platform; empty if it could."""
    library = f"/libOpenMM{platform}.so: "
    return [message for message in openmm.Platform.getPluginLoadFailures() if library in message]


def hasPlatform(name: str) -> bool:
    """Whether OpenMM has a platform."""
    names = (openmm.Platform.getPlatform(index).getName()
             for index in range(openmm.Platform.getNumPlatforms()))
    return name in names


def devicesOf(platform: str) -> list[dict[str, str]]:
    """What OpenMM tells of a platform's devices; one without properties if it tells nothing."""
    if not hasPlatform(platform):
        return []
    found = openmm.Platform.getPlatformByName(platform)
    return [dict(device) for device in found.getDevices()] if hasattr(found, "getDevices") else [{}]


def supports(platform: str) -> bool:
    """Whether OpenMM has a platform and this package's library serves it."""
    return hasPlatform(platform) and \
        openmm.Platform.getPlatformByName(platform).supportsKernels([_KERNEL])


def warnOfSlowerPlatform() -> None:
    """Warn where there is a GPU for CUDA and a Context would silently take a slower platform."""
    if not supports("CUDA") and devicesOf("CUDA"):
        reason = _failures.get("CUDA", "this build has no library for it")
        warnings.warn(f"MolSpectra cannot use the platform CUDA here ({reason}); a Context will "
                      "take a slower one; python -m molspectra.check says what to do",
                      RuntimeWarning, stacklevel=3)


def recordFailure(part: str, reason: str) -> None:
    """Keep a reason for loadFailures."""
    _failures[part] = reason


def loadFailures() -> dict[str, str]:
    """Get the platform libraries of this package that could not be loaded.

    Returns
    -------
    dict of str to str
        For each platform that failed or that OpenMM lacks here, the reason as the loader tells it;
        ``python -m molspectra.check`` says what to do. Empty if all is well.
    """
    return dict(_failures)
