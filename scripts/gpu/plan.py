"""The steps in their order: correctness first, then what design needs to know.

SPDX-License-Identifier: MIT
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import machine
import reading
from steps import Step

HERE = Path(__file__).resolve().parent
PRECISIONS = ("single", "mixed", "double")
SIZE = "128 6 32".split()  # channels, layers, radial functions of the published MD17 setting
CONTRACT = "tests/contract/contract_tests"
PACKAGE = "python/molspectra/_force.so"  # its last part to be made
# Folders of the build that the checks need; tests of the rest need no GPU.
TARGETS = ["platforms/reference/all", "platforms/cuda/all", "tests/contract/all", "tests/cuda/all",
           "wrappers/all", "python/all", "make_model"]
# Few and small: every instruction of the kernels is watched.
WATCHED = "*Forces_AreMinusTheEnergyGradient/CUDA*Toy:*Periodic*/CUDAmixed*Toy"
MEASUREMENTS = {
    "graph": "kernels in a CUDA graph", "grid-barrier": "barrier of all multiprocessors",
    "cluster-barrier": "barrier of a cluster", "gather": "all-gather of 43 KB by 16 blocks",
    "scatter": "reduce-scatter of 43 KB by 16 blocks", "l2": "reads from the L2 cache",
    "product": "product of matrices by one block, in three products of half precision"}


@dataclass
class Settings:
    root: Path
    work: Path
    python: str
    bring: Path | None = None
    jobs: int = 1
    facts: dict = field(default_factory=dict)  # of machine.look
    program: bool = False

    @property
    def build(self):
        return self.work / "build"

    @property
    def model(self):
        return self.work / "model.pt"

    def fact(self, name):
        return self.facts.get(name) or {}


def cudaLibraries(settings):
    """Where OpenMM's CUDA platform finds NVRTC and the runtime: beside torch, else the toolkit."""
    torch = settings.fact("torch")
    major = (torch.get("cuda") or "13").split(".")[0]
    packages = Path(torch.get("folder", "/")).parent / "nvidia"
    folders = [packages / f"cu{major}/lib", packages / "cuda_nvrtc/lib",
               packages / "cuda_runtime/lib", machine.TOOLKIT.parent / "lib64"]
    return next(([folder] for folder in folders if (folder / f"libnvrtc.so.{major}").exists()), [])


def interpreter(settings, name, *packages):
    """A script that runs the Python with these folders of packages before its own."""
    path = settings.work / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    libraries = ":".join(map(str, cudaLibraries(settings)))
    path.write_text(f"""#!/bin/sh
export PYTHONPATH="{':'.join(map(str, packages))}${{PYTHONPATH:+:$PYTHONPATH}}"
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec "{settings.python}" "$@"
""")
    path.chmod(0o755)
    return path


def variables(settings):
    """For programs that are not Python, and for CMake, which asks the Python for its packages."""
    return {"PYTHONPATH": str(settings.work / "site"), "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": ":".join(map(str, cudaLibraries(settings))),
            "OMP_NUM_THREADS": "1", "CUDA_MODULE_LOADING": "LAZY"}


def architecture(settings):
    """For CMAKE_CUDA_ARCHITECTURES: that of the card, with its own instructions from 9.0 on."""
    found = re.fullmatch(r"(\d+)\.(\d+)", settings.fact("card").get("compute_cap", ""))
    if not found:
        return "80;90a"
    return "".join(found.groups()) + ("a" if int(found.group(1)) >= 9 else "")


def configureCommand(settings):
    work = settings.work
    options = {"CMAKE_BUILD_TYPE": "Release", "Python_EXECUTABLE": settings.python,
               "MOLSPECTRA_BUILD_PROGRAM": "ON" if settings.program else "OFF",
               "MOLSPECTRA_BUILD_PYTHON": "ON" if settings.facts.get("pythonHeader") else "OFF",
               "MOLSPECTRA_LINK_ENVIRONMENT": "OFF",
               "OpenMM_OpenCL_LIBRARY": "OFF"}  # a platform that needs OpenCL to be built
    if settings.bring:
        options |= {"CMAKE_PREFIX_PATH": work / "native/usr",
                    "SWIG_EXECUTABLE": work / "site/bin/swig"}
    return ["cmake", "-S", settings.root, "-B", settings.build, "-G", "Ninja",
            *(f"-D{name}={value}" for name, value in options.items())]


def building(settings):
    environment = variables(settings)
    ninja = settings.build / "build.ninja"
    targets = TARGETS + (["molspectra"] if settings.program else [])
    measure = settings.work / "measure"
    compiler = settings.facts.get("nvcc", "")
    yield Step("install", "packages that were brought are installed", device=False, limit=60,
               command=[settings.python, HERE / "bringing.py", settings.bring, settings.work],
               obstacle="" if settings.bring else "nothing was brought")
    yield Step("configure", "CMake finds everything", configureCommand(settings), 90, device=False,
               variables=environment)
    yield Step("build", "libraries and tests are built", device=False, limit=300, group="build",
               command=["ninja", "-C", settings.build, "-k", "0", f"-j{settings.jobs}", *targets],
               requires=(ninja,), variables=environment)
    commands = (f"cmake -S '{settings.root}/benchmarks/gpu' -B '{measure}' -G Ninja"
                f" -DCMAKE_CUDA_COMPILER='{compiler}'"
                f" '-DCMAKE_CUDA_ARCHITECTURES={architecture(settings)}'"
                f" && ninja -C '{measure}' -j{settings.jobs}")
    yield Step("build-measurements", "measurements are built by CUDA's compiler", device=False,
               command=["sh", "-c", commands], limit=300, group="build",
               obstacle="" if compiler or not settings.facts else "no nvcc")
    yield Step("model", "an untrained model file is written", device=False, limit=30,
               command=[settings.build / "bin/make_model", settings.model, *SIZE],
               requires=(settings.build / "bin/make_model",), variables=environment)


def googleTests(settings, name, title, program, pattern):
    program = settings.build / program
    return Step(name, title, limit=150, group="tests", requires=(program,), read=reading.tests,
                variables=variables(settings),
                command=[program, f"--gtest_filter={pattern}", "--gtest_brief=1",
                         f"--gtest_output=xml:{reading.JUNIT}"])


def testing(settings, ours):
    for precision in PRECISIONS:
        yield googleTests(settings, f"contract-{precision}",
                          f"contract of all platforms, on CUDA in {precision} precision", CONTRACT,
                          f"*CUDA{precision}*")
    others = ":".join(f"*CUDA{precision}*" for precision in PRECISIONS)
    yield googleTests(settings, "contract-rest", "contract: the rest that names CUDA", CONTRACT,
                      f"*CUDA*-{others}")
    yield googleTests(settings, "cuda-graphs", "CUDA graphs against plain calls",
                      "tests/cuda/test_cuda_device", "*")
    tests = settings.build / "tests/cuda"
    yield Step("cuda-tests", "tests of the CUDA library that need no device", limit=150,
               group="tests", device=False,
               command=["ctest", "--test-dir", tests, "--output-on-failure", "-j4"],
               requires=(tests / "CTestTestfile.cmake",), variables=variables(settings),
               read=reading.ctest)
    yield Step("python-tests", "tests of the Python package on CUDA", limit=150, group="tests",
               command=[ours, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                        "-k", "test_force and CUDA", f"--junit-xml={reading.JUNIT}",
                        settings.root / "tests/python"],
               requires=(settings.build / PACKAGE,), read=reading.tests,
               variables={"MAKE_TEST_MODEL": str(settings.build / "tests/contract/make_test_model"),
                          "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"})


def kernelNames(root):
    """Of the kernels that this project compiles on the device."""
    texts = (path.read_text() for path in sorted((root / "platforms/common/kernels").glob("*.cc")))
    return [name for text in texts for name in re.findall(r"KERNEL void (\w+)", text)]


def watching(settings):
    """Of LibTorch's kernels nothing is watched: they are many, and not ours."""
    tool, limiter = settings.facts.get("sanitizer", ""), settings.facts.get("sanitizerLimiter", "")
    obstacle = "" if tool or not settings.facts else "no compute-sanitizer"
    limits = [word for name in kernelNames(settings.root) if limiter
              for word in (limiter, f"kns={name}")]
    program = settings.build / CONTRACT
    measure = settings.work / "measure/gpu_measure"
    # Without its cache, LibTorch's memory ends where a tensor does; a graph needs the cache.
    environment = variables(settings) | {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1",
                                         "MOLSPECTRA_CUDA_GRAPH": "off"}
    for check in ("memcheck", "racecheck"):
        # LibTorch asks CUDA things to which the answer is an error, and takes it well.
        quiet = ["--report-api-errors", "no"] if check == "memcheck" else []
        yield Step(f"{check}-kernels", f"compute-sanitizer {check}: our kernels", limit=75,
                   command=[tool, "--tool", check, "--error-exitcode", "99", *quiet, *limits,
                            program, f"--gtest_filter={WATCHED}"],
                   group="watch", obstacle=obstacle, requires=(program,), read=reading.sanitizer,
                   variables=environment)
    for check, names in (("memcheck", []), ("racecheck", ["product"])):
        yield Step(f"{check}-measurements", f"compute-sanitizer {check}: kernels of the "
                   "measurements", limit=75, group="watch", obstacle=obstacle,
                   command=[tool, "--tool", check, "--error-exitcode", "99", measure, "--quick",
                            *names],
                   requires=(measure,), read=reading.sanitizer, variables=variables(settings))


def living(settings, ours):
    package = settings.build / PACKAGE
    yield Step("check-command", "python -m molspectra.check finds the platform CUDA ready",
               limit=60, command=[ours, "-m", "molspectra.check", settings.model],
               requires=(settings.model, package), read=reading.checkCommand)
    yield Step("two-contexts", "two Contexts at once, in turn and in two threads", limit=60,
               command=[ours, HERE / "checks/two_contexts.py", settings.model],
               requires=(settings.model, package), read=reading.lastSentence)
    yield Step("leak", "memory stays the same over 20,000 steps and ten Contexts", limit=90,
               command=[ours, HERE / "checks/leak.py", settings.model],
               requires=(settings.model, package), read=reading.lastSentence)


def measuring(settings, ours, peers):
    yield Step("peers", "one step of aspirin against openmm-torch", limit=120,
               command=[ours, settings.root / "benchmarks/peers/run.py", "--platforms", "CUDA",
                        "--models", settings.model, "--molecules", "aspirin", "--steps", "300",
                        "--rounds", "6", "--output", reading.ROWS],
               requires=(settings.model, settings.build / PACKAGE),
               read=reading.peers, variables={"MOLSPECTRA_PYTHON": str(ours),
                                              "MOLSPECTRA_PEERS_PYTHON": str(peers)})
    program = settings.work / "measure/gpu_measure"
    for name, title in MEASUREMENTS.items():
        yield Step(f"measure-{name}", title, limit=30, requires=(program,),
                   command=[program, "--json", reading.ROWS, name], read=reading.measurement,
                   variables=variables(settings))
    yield Step("measure-empty-force", "OpenMM's own share of a step, without any force", limit=45,
               command=[ours, settings.root / "benchmarks/gpu/empty_force.py", "--json",
                        reading.ROWS],
               read=reading.measurement)


def training(settings):
    program = settings.build / "bin/molspectra"
    yield Step("program", "the program fine-tunes and evaluates on the GPU as on the processor",
               limit=90, command=[settings.python, HERE / "checks/program.py", program,
                                  settings.root / "examples/ethanol"],
               requires=(program,), read=reading.lastSentence, variables=variables(settings))


def steps(settings):
    """All steps in order; those that need a device know why there is none."""
    ours = peers = sys.executable
    if settings.facts:
        ours = interpreter(settings, "python-ours", settings.build / "python",
                           settings.work / "site")
        theirs = settings.root / ".venv-peers/bin/python"
        peers = (interpreter(settings, "python-peers", settings.work / "peers")
                 if settings.bring or not theirs.exists() else theirs)
    every = [*building(settings), *testing(settings, ours), *living(settings, ours),
             *watching(settings), *measuring(settings, ours, peers),
             *(training(settings) if settings.program else [])]
    reason = machine.whyNoDevice(settings.facts)
    for step in every:
        if step.device and reason:
            step.obstacle = reason
    return every
