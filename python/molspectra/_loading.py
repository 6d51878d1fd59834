"""Loading of the platform libraries, after checking that they can work here."""
# SPDX-License-Identifier: MIT
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import openmm

from . import _build

_OLDEST_OPENMM = (8, 4)
_PLUGINS = Path(__file__).resolve().parent / "lib" / "plugins"
_REQUIRED = "Reference"
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
    openmm.Platform.loadPluginsFromDirectory(str(_PLUGINS))
    for message in openmm.Platform.getPluginLoadFailures():
        for library in _PLUGINS.glob("*.so"):
            if library.name in message:
                _failures[library.stem.removeprefix("libOpenMMMolSpectra")] = message
    if not (_PLUGINS / f"libOpenMMMolSpectra{_REQUIRED}.so").exists():
        _failures[_REQUIRED] = f"no such library in {os.fspath(_PLUGINS)}"
    if _REQUIRED in _failures:
        raise ImportError(f"loading molspectra: its {_REQUIRED} library cannot be used: "
                          f"{_failures[_REQUIRED]}")


def recordFailure(part: str, reason: str) -> None:
    """Keep a reason for loadFailures."""
    _failures[part] = reason


def loadFailures() -> dict[str, str]:
    """Get the platform libraries of this package that could not be loaded.

    Returns
    -------
    dict of str to str
        For each platform that failed, the reason. Empty if all is well.
    """
    return dict(_failures)
