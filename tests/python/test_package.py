"""The package as a whole: loading, helpers, check command, stubs, needed libraries."""
# SPDX-License-Identifier: MIT
import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import openmm
import pytest
from openmm import app, unit

import molspectra
from conftest import NUMBERS, energyOf, systemWith
from molspectra import MolSpectraForce, _loading

PACKAGE = Path(molspectra.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


def runPython(code, **variables):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, **variables})


def test_import_openmm_alone_does_not_load_torch():
    maps = runPython("import openmm; print(open('/proc/self/maps').read())").stdout
    assert "libOpenMM.so" in maps
    assert "libtorch" not in maps


def test_import_molspectra_does_not_import_torch_for_Python():
    output = runPython("import molspectra, sys; print('torch' in sys.modules)\n"
                       "print(open('/proc/self/maps').read())").stdout
    assert output.startswith("False")
    assert "libtorch_cpu" in output and "libtorch_python" not in output


def test_every_library_whose_platform_has_a_device_was_loaded():
    for name in ("Reference", "CPU"):
        assert _loading.supports(name)
    for library in (PACKAGE / "lib/plugins").glob("*.so"):
        platform = library.stem.removeprefix("libOpenMMMolSpectra")
        reason = molspectra.loadFailures().get(platform)
        assert reason is None or not _loading.devicesOf(platform), reason
        assert _loading.supports(platform) == (reason is None)


def test_wrong_versions_are_told_in_words(monkeypatch):
    monkeypatch.setattr(_loading._build, "TORCH_VERSION", "1.13.0")
    with pytest.raises(ImportError, match="this build is for torch 1.13.0"):
        _loading.checkVersions()
    monkeypatch.setattr(openmm.Platform, "getOpenMMVersion", lambda: "8.3.1")
    with pytest.raises(ImportError, match="OpenMM 8.3.1 found, expected 8.4 or newer"):
        _loading.checkVersions()


def test_other_minor_version_of_OpenMM_is_told_in_words(monkeypatch):
    monkeypatch.setattr(_loading._build, "OPENMM_VERSION", "8.99.0")
    with pytest.raises(ImportError, match="this build is for 8.99.0"):
        _loading.checkVersions()


def test_placeholder_box_is_refused(modelFile):
    topology = openmm.app.Topology()
    topology.setPeriodicBoxVectors([openmm.Vec3(0.1, 0, 0), openmm.Vec3(0, 0.1, 0),
                                    openmm.Vec3(0, 0, 0.1)] * openmm.unit.nanometer)
    residue = topology.addResidue("WAT", topology.addChain())
    topology.addAtom("O", openmm.app.Element.getBySymbol("O"), residue)
    with pytest.raises(ValueError, match="expected a real cell"):
        molspectra.createSystem(topology, modelFile)
    system = molspectra.createSystem(topology, modelFile, periodic=False)
    assert not molspectra.forces(system)[0].usesPeriodicBoundaryConditions()


def test_missing_Reference_library_is_told_in_words(monkeypatch, tmp_path):
    monkeypatch.setattr(_loading, "PLUGINS", tmp_path)
    monkeypatch.setattr(_loading, "_failures", {})
    with pytest.raises(ImportError, match="Reference library cannot be used: no such library"):
        _loading.loadPlugins()


def test_unusable_library_is_told_in_words(monkeypatch, tmp_path):
    (tmp_path / "libOpenMMMolSpectraReference.so").write_text("no library")
    monkeypatch.setattr(_loading, "PLUGINS", tmp_path)
    monkeypatch.setattr(_loading, "_failures", {})
    with pytest.raises(ImportError, match="Reference library cannot be used: Error loading"):
        _loading.loadPlugins()


def test_createSystem_takes_elements_masses_and_box_from_the_topology(topology, modelFile):
    topology.setPeriodicBoxVectors([[2, 0, 0], [0, 2, 0], [0, 0, 3]] * unit.nanometer)
    system = molspectra.createSystem(topology, modelFile)
    assert system.getNumParticles() == 9
    assert system.getParticleMass(0) == app.Element.getBySymbol("C").mass
    assert system.getDefaultPeriodicBoxVectors()[2][2] == 3 * unit.nanometer
    (force,) = molspectra.forces(system)
    assert force.getAtomicNumbers() == tuple(NUMBERS)
    assert force.usesPeriodicBoundaryConditions()
    assert any(isinstance(other, openmm.CMMotionRemover) for other in system.getForces())


def test_createSystem_obeys_its_options(topology, modelFile):
    with pytest.raises(ValueError, match="the topology has no box"):
        molspectra.createSystem(topology, modelFile, periodic=True)
    topology.setUnitCellDimensions([2, 2, 2] * unit.nanometer)
    system = molspectra.createSystem(topology, modelFile, periodic=False, removeCMMotion=False)
    assert not system.usesPeriodicBoundaryConditions()
    assert system.getNumForces() == 1


def test_createSystem_equals_a_System_made_by_hand(topology, modelFile, force, platform, positions):
    system = molspectra.createSystem(topology, modelFile.read_bytes(), removeCMMotion=False)
    assert energyOf(system, platform, positions) == energyOf(systemWith(force), platform, positions)


def test_createForce_acts_on_the_chosen_atoms(topology, modelFile):
    force = molspectra.createForce(topology, modelFile, atoms=(2, 8))
    assert force.getParticles() == (2, 8)
    assert force.getAtomicNumbers() == (8, 1)
    for atoms in ([9], [-1], []):
        with pytest.raises(ValueError, match="creating a MolSpectraForce"):
            molspectra.createForce(topology, modelFile, atoms=atoms)


def test_atom_without_element_is_named(topology, modelFile):
    topology.addAtom("EP", None, next(topology.residues()))
    with pytest.raises(ValueError, match=r"atom 9 \(EP\) has no element"):
        molspectra.createSystem(topology, modelFile)


def runCheck(*arguments):
    return subprocess.run([sys.executable, "-m", "molspectra.check", *map(str, arguments)],
                          capture_output=True, text=True)


def test_check_tells_versions_platforms_and_an_energy(modelFile):
    result = runCheck(modelFile)
    assert result.returncode == 0, result.stderr
    assert f"OpenMM {openmm.Platform.getOpenMMVersion()}" in result.stdout
    for name in ("OpenCL", "CUDA"):
        assert re.search(f"platform {name}: (ready|not usable: )", result.stdout)
    for name in ("Reference", "CPU"):
        assert f"platform {name}: ready" in result.stdout
        assert re.search(f"on {name}: two atoms 0.15 nm apart have -?[0-9.]+ kJ/mol", result.stdout)
        assert f"on {name}: evaluated by torchscript: " in result.stdout


def test_check_fails_for_what_is_no_model():
    result = runCheck(__file__)
    assert result.returncode == 1
    assert "test_package.py on Reference: MolSpectraForce: " in result.stdout


def stubFunctions(body):
    return {node.name: [argument.arg for argument in node.args.args]
            for node in body if isinstance(node, ast.FunctionDef)}


def stub(name):
    return ast.parse((PACKAGE / name).read_text()).body


def test_stub_of_the_force_matches_the_wrapper():
    (described,) = [node for node in stub("force.pyi") if isinstance(node, ast.ClassDef)]
    expected = stubFunctions(described.body)
    inherited = {"__getstate__", "__deepcopy__", "__repr__", "__swig_destroy__"}
    actual = {name: list(inspect.signature(getattr(MolSpectraForce, name)).parameters)
              for name, value in vars(MolSpectraForce).items()
              if (inspect.isfunction(value) or isinstance(value, staticmethod))
              and name not in inherited}
    assert actual == expected


def test_stub_of_the_package_matches_its_names():
    names = {"__version__"} | set(stubFunctions(stub("__init__.pyi")))
    for node in stub("__init__.pyi"):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names}
    assert names == set(molspectra.__all__)
    assert all(hasattr(molspectra, name) for name in names)
    assert (PACKAGE / "py.typed").exists()


def test_every_public_method_of_the_header_is_wrapped():
    header = (ROOT / "plugin/include/MolSpectraForce.h").read_text()
    public = header[header.index("public:"):header.index("protected:")]
    declared = set(re.findall(r"(\w+)\([^()]*\)(?: const)?(?: override)?;", public))
    assert len(declared) > 10
    assert declared - {"MolSpectraForce"} <= set(vars(MolSpectraForce))


def test_every_method_has_a_docstring():
    for name, value in vars(MolSpectraForce).items():
        if not name.startswith("_") and callable(getattr(MolSpectraForce, name)):
            text = inspect.getdoc(getattr(MolSpectraForce, name))
            assert text and ("Returns\n---" in text or "Parameters\n---" in text), name
    for name in molspectra.__all__:
        assert name == "__version__" or inspect.getdoc(getattr(molspectra, name)), name


def neededLibraries(library):
    result = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    return re.findall(r"\(NEEDED\).*\[(.*)\]", result.stdout)


def test_libraries_need_no_CUDA_RDKit_or_Boost():
    libraries = sorted(PACKAGE.rglob("*.so"))
    assert len(libraries) >= 3
    for library in libraries:
        needed = neededLibraries(library)
        assert "libOpenMM.so" in needed
        foreign = ["rdkit", "boost", "torch_python", "python"]
        if library.name != "libOpenMMMolSpectraCUDA.so":  # which alone may
            foreign += ["cuda", "nvrtc", "cublas"]
        if library.name != "libOpenMMMolSpectraOpenCL.so":
            foreign.append("opencl")
        for word in foreign:
            assert not any(word in name.lower() for name in needed), (library, needed)


def test_the_program_needs_no_OpenMM():
    if "PROGRAM" not in os.environ:
        pytest.skip("the program molspectra is not built")
    program = Path(os.environ["PROGRAM"])
    for file in (program, *program.parent.glob("libmolspectra*.so")):
        needed = neededLibraries(file)
        assert any(name.startswith("libtorch") for name in needed), (file, needed)
        assert not any("openmm" in name.lower() for name in needed), (file, needed)


def test_an_installed_package_loads_its_own_libraries(tmp_path):
    result = subprocess.run(["cmake", "--install", PACKAGE.parents[1], "--prefix", tmp_path],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    (packages,) = tmp_path.glob("lib/python*/site-packages")
    maps = runPython("import molspectra; print(open('/proc/self/maps').read())",
                     PYTHONPATH=str(packages)).stdout
    loaded = {Path(file) for file in re.findall(r"/.*\.so$", maps, re.MULTILINE)}
    ours = {file for file in loaded if "MolSpectra" in file.name or file.name == "_force.so"}
    assert len(ours) >= 3
    assert all(file.is_relative_to(packages) for file in ours), ours


def test_nothing_of_ours_lies_in_OpenMMs_own_folder():
    folder = Path(openmm.version.openmm_library_path)
    assert not list(folder.rglob("*MolSpectra*"))
