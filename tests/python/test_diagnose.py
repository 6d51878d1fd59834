"""What CUDA and OpenCL lack here: told in words, found without loading what could crash."""
# SPDX-License-Identifier: MIT
import re
import struct
import subprocess
import sys
from pathlib import Path

import openmm
import pytest

import molspectra
from molspectra import _build, _diagnose, _loading, check
from molspectra._diagnose import Cuda, OpenCL

TORCH, OPENMM = _build.TORCH_VERSION, _build.OPENMM_VERSION
COMPLETE = Cuda(ours=13, openmm=13, torch=13, driver=13)


def writeLibrary(path, *needed):
    """A file with no more of a library than the names of those that it needs."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in needed)
    address, dynamic = 0x400000, 64 + 2 * 56
    text = dynamic + 16 * (len(needed) + 2)
    places = [names.index(b"\0" + name.encode() + b"\0") + 1 for name in needed]
    entries = [(1, place) for place in places] + [(5, address + text), (0, 0)]
    path.write_bytes(
        struct.pack("<4sBB10xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 3, 62, 1, 0, 64, 0, 0, 64, 56, 2,
                    0, 0, 0)
        + struct.pack("<IIQQQQQQ", 1, 4, 0, address, address, *2 * [text + len(names)], 4096)
        + struct.pack("<IIQQQQQQ", 2, 4, dynamic, *2 * [address + dynamic],
                      *2 * [text - dynamic], 8)
        + b"".join(struct.pack("<QQ", *entry) for entry in entries) + names)


def test_nothing_is_lacking_where_all_parts_agree():
    assert _diagnose.cudaLacks(COMPLETE) == []
    assert _diagnose.cudaLacks(COMPLETE._replace(driver=14)) == []
    assert _diagnose.openclLacks(OpenCL(ours=True, openmm=True, loader=True)) == []


@pytest.mark.parametrize("missing, sentence", [
    ("driver", r"no NVIDIA driver \(libcuda.so.1 not found\).*version 580 or newer"),
    ("openmm", f"no CUDA platform of OpenMM; pip install openmm-cuda-13=={OPENMM}"),
    ("torch", f"no CUDA build of LibTorch; install torch {TORCH} as built for CUDA 13"),
    ("ours", "no CUDA library in this build of MolSpectra; build it again")])
def test_a_missing_part_of_CUDA_is_told_with_its_remedy(missing, sentence):
    (told,) = _diagnose.cudaLacks(COMPLETE._replace(**{missing: None}))
    assert re.search(sentence, told)


def test_all_missing_parts_are_told_at_once():
    told = _diagnose.cudaLacks(Cuda(None, None, None, None))
    assert len(told) == 4
    assert "install its driver, the newest" in told[0]


def test_driver_that_is_too_old_is_told_with_both_versions():
    (told,) = _diagnose.cudaLacks(COMPLETE._replace(driver=12))
    assert "knows CUDA 12 at most, but CUDA 13 is needed" in told
    assert "version 580 or newer" in told


def test_version_12_beside_13_is_told_with_who_has_which():
    told = _diagnose.cudaConflict(COMPLETE._replace(openmm=12))
    assert "MolSpectra for CUDA 13, OpenMM for CUDA 12, LibTorch for CUDA 13" in told
    assert told.endswith(f"pip uninstall openmm-cuda-12, then pip install openmm-cuda-13=={OPENMM}")
    told = _diagnose.cudaConflict(COMPLETE._replace(torch=12))
    assert f"install torch {TORCH} as built for CUDA 13, or build MolSpectra again" in told
    assert "openmm-cuda" not in told
    assert _diagnose.cudaLacks(COMPLETE._replace(torch=12)) == [told]


def test_parts_without_a_version_do_not_disagree():
    for version in (None, _diagnose.UNKNOWN):
        assert _diagnose.cudaConflict(Cuda(version, 13, 13, 13)) is None
        assert _diagnose.cudaConflict(Cuda(13, version, 13, 13)) is None
    assert _diagnose.cudaConflict(Cuda(None, 12, 13, 13)) is not None


@pytest.mark.parametrize("missing, sentence", [
    ("loader", "no libOpenCL.so.1; install ocl-icd-libopencl1"),
    ("openmm", "no OpenCL platform of OpenMM; install"),
    ("ours", "no OpenCL library in this build of MolSpectra; build it again")])
def test_a_missing_part_of_OpenCL_is_told_with_its_remedy(missing, sentence):
    (told,) = _diagnose.openclLacks(OpenCL(True, True, True)._replace(**{missing: False}))
    assert sentence in told


def test_needed_libraries_are_those_that_readelf_lists():
    libraries = [*Path(molspectra.__file__).parent.rglob("*.so"),
                 *_diagnose.torchLibraries().glob("libtorch*.so"),
                 *_diagnose.openmmPlugins().glob("*.so")]
    assert len(libraries) > 10
    for library in libraries:
        listed = subprocess.run(["readelf", "-d", library], capture_output=True, text=True).stdout
        expected = re.findall(r"\(NEEDED\).*\[(.*)\]", listed)
        assert _diagnose.neededLibraries(library) == expected, library


def test_version_of_CUDA_comes_from_the_needed_libraries(tmp_path):
    library = tmp_path / "lib.so"
    assert _diagnose.cudaVersion(library) is None
    writeLibrary(library, "libc.so.6", "libcufft.so.12", "libcudart.so.13")
    assert _diagnose.cudaVersion(library) == 13
    writeLibrary(library, "libnvrtc.so.12", "libcuda.so.1")
    assert _diagnose.cudaVersion(library) == 12
    writeLibrary(library, "libcuda.so.1", "libOpenMM.so")
    assert _diagnose.cudaVersion(library) == _diagnose.UNKNOWN
    library.write_text("no library")
    assert _diagnose.neededLibraries(library) == []


class Loading:
    """The package's loading in a made-up folder, and what it hands to OpenMM."""

    def __init__(self, monkeypatch, plugins, openmmHas):
        self.plugins, self.loaded, self.openmmHas = plugins, [], openmmHas
        writeLibrary(plugins / "libOpenMMMolSpectraReference.so", "libOpenMM.so")
        monkeypatch.setattr(_loading, "PLUGINS", plugins)
        monkeypatch.setattr(_loading, "_failures", {})
        monkeypatch.setattr(_loading, "hasPlatform", lambda name: name in self.openmmHas)
        monkeypatch.setattr(openmm.Platform, "loadPluginLibrary", self.load)

    def load(self, library):
        name = Path(library).stem.removeprefix("libOpenMMMolSpectra")
        if "libbroken.so" in _diagnose.neededLibraries(Path(library)):
            raise openmm.OpenMMException("libbroken.so: cannot open shared object file")
        self.loaded.append(name)


@pytest.fixture
def loading(monkeypatch, tmp_path):
    return Loading(monkeypatch, tmp_path, {"Reference", "CPU", "CUDA", "OpenCL"})


def test_libraries_of_two_versions_of_CUDA_are_named_and_not_loaded(loading, monkeypatch):
    writeLibrary(loading.plugins / "libOpenMMMolSpectraCUDA.so", "libcudart.so.13")
    writeLibrary(loading.plugins / "libOpenMMCUDA.so", "libnvrtc.so.12")
    monkeypatch.setattr(_diagnose, "openmmPlugins", lambda: loading.plugins)
    _loading.loadPlugins()
    assert loading.loaded == ["Reference"]
    assert "MolSpectra for CUDA 13, OpenMM for CUDA 12" in molspectra.loadFailures()["CUDA"]


def test_libraries_of_one_version_of_CUDA_are_loaded(loading, monkeypatch):
    for name in ("libOpenMMMolSpectraCUDA.so", "libOpenMMCUDA.so", "libtorch_cuda.so"):
        writeLibrary(loading.plugins / name, "libnvrtc.so.13")
    monkeypatch.setattr(_diagnose, "openmmPlugins", lambda: loading.plugins)
    monkeypatch.setattr(_diagnose, "torchLibraries", lambda: loading.plugins)
    _loading.loadPlugins()
    assert sorted(loading.loaded) == ["CUDA", "Reference"]
    assert molspectra.loadFailures() == {}


def test_library_of_a_platform_that_OpenMM_lacks_is_left_with_the_reason(loading, monkeypatch):
    loading.openmmHas = {"Reference"}
    reason = "Error loading library /openmm/libOpenMMOpenCL.so: libOpenCL.so.1: cannot open"
    monkeypatch.setattr(openmm.Platform, "getPluginLoadFailures", lambda: (
        reason, "Error loading library /openmm/libOpenMMRPMDOpenCL.so: libOpenMMOpenCL.so: other"))
    writeLibrary(loading.plugins / "libOpenMMMolSpectraOpenCL.so", "libOpenMM.so")
    _loading.loadPlugins()
    assert loading.loaded == ["Reference"]
    assert molspectra.loadFailures() == {
        "OpenCL": f"OpenMM has no platform OpenCL here; {reason}"}


def test_library_that_fails_is_recorded_and_leaves_the_others(loading):
    writeLibrary(loading.plugins / "libOpenMMMolSpectraOpenCL.so", "libbroken.so")
    _loading.loadPlugins()
    assert loading.loaded == ["Reference"]
    assert molspectra.loadFailures() == {"OpenCL": "libbroken.so: cannot open shared object file"}


def fakeCheck(monkeypatch, capsys, cuda, devices=(), failure=None):
    """Exit status and the line on CUDA of the check command where these parts are."""
    found = {"Reference": [{}], "CUDA": list(devices)}
    monkeypatch.setattr(_diagnose, "findCuda", lambda plugins: cuda)
    monkeypatch.setattr(_loading, "openmmFailures", lambda name: [])
    monkeypatch.setattr(_loading, "hasPlatform", lambda name: name in found)
    monkeypatch.setattr(_loading, "devicesOf", lambda name: found.get(name, []))
    monkeypatch.setattr(_loading, "supports", lambda name: name == "Reference" or
                        (name == "CUDA" and None not in cuda and not failure))
    monkeypatch.setattr(_loading, "_failures", {"CUDA": failure} if failure else {})
    status = check.main([])
    (line,) = re.findall("platform CUDA: .*", capsys.readouterr().out)
    return status, line


def test_check_is_content_without_a_driver(monkeypatch, capsys):
    status, line = fakeCheck(monkeypatch, capsys, COMPLETE._replace(driver=None))
    assert status == 0
    assert line.startswith("platform CUDA: not usable: no NVIDIA driver")


def test_check_is_content_without_a_GPU(monkeypatch, capsys):
    status, line = fakeCheck(monkeypatch, capsys, COMPLETE)
    assert status == 0
    assert "not usable: no device; the NVIDIA driver is there but finds no GPU" in line


def test_check_names_a_LibTorch_for_the_CPU_beside_a_GPU(monkeypatch, capsys):
    status, line = fakeCheck(monkeypatch, capsys, COMPLETE._replace(torch=None),
                             devices=[{"DeviceName": "some GPU"}], failure="libc10_cuda.so: none")
    assert status == 0
    assert "not usable: no CUDA build of LibTorch" in line


def test_check_fails_where_a_library_fails_although_all_is_there(monkeypatch, capsys):
    status, line = fakeCheck(monkeypatch, capsys, COMPLETE, devices=[{"DeviceName": "some GPU"}],
                             failure="undefined symbol: cudaMalloc")
    assert status == 1
    assert "although all that it needs is installed: undefined symbol: cudaMalloc" in line


def test_check_names_the_devices_of_a_platform_that_is_ready(monkeypatch, capsys):
    status, line = fakeCheck(monkeypatch, capsys, COMPLETE, devices=[{"DeviceName": "some GPU"}])
    assert (status, line) == (0, "platform CUDA: ready (some GPU)")


def test_check_tells_that_the_processor_is_better_used_without_OpenCL(monkeypatch):
    for name, told in (("pthread-haswell-some CPU", True), ("NVIDIA some GPU", False)):
        monkeypatch.setattr(_loading, "devicesOf", lambda platform: [{"DeviceName": name}])
        monkeypatch.setattr(_loading, "supports", lambda platform: True)
        state = check._stateOf("OpenCL")
        assert state.usable
        assert ("where the platform CPU is faster" in state.sentence) == told


def test_slower_platform_is_warned_of_where_there_is_a_GPU(monkeypatch, topology, modelFile):
    monkeypatch.setattr(_loading, "supports", lambda name: False)
    monkeypatch.setattr(_loading, "_failures", {"CUDA": "no CUDA build"})
    monkeypatch.setattr(_loading, "devicesOf", lambda name: [{}])
    with pytest.warns(RuntimeWarning, match=r"cannot use the platform CUDA here \(no CUDA build\)"):
        molspectra.createForce(topology, modelFile)


def test_slower_platform_is_no_matter_without_a_GPU(monkeypatch, topology, modelFile, recwarn):
    monkeypatch.setattr(_loading, "supports", lambda name: False)
    monkeypatch.setattr(_loading, "devicesOf", lambda name: [])
    molspectra.createForce(topology, modelFile)
    assert not recwarn.list


def test_import_and_check_load_no_CUDA_without_a_GPU():
    if _loading.devicesOf("CUDA"):
        pytest.skip("there is a GPU here")
    code = ("import sys; from molspectra import check; check.main([])\n"
            "print('torch' in sys.modules); print(open('/proc/self/maps').read())")
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                            check=True).stdout
    assert "\nFalse\n" in output
    assert "libtorch_cpu" in output and "libtorch_cuda" not in output
