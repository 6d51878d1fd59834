"""Brings together, on a machine with a network, what the GPU's machine cannot fetch.

SPDX-License-Identifier: MIT

    FOLDER/wheels/         OpenMM, its CUDA platform, SWIG
    FOLDER/peers/          what requirements/gpu-peers.txt lists
    FOLDER/native.tar.gz   GoogleTest, nlohmann-json, zlib and Boost.Program_options
    FOLDER/manifest.json   what is in there: name, bytes, SHA-256
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

MOST_BYTES = 64_000_000
OURS = ["openmm", "openmm-cuda-13", "swig"]  # of requirements/python.txt
# Debian's, whose static libraries need nothing of the system but a C library as old as theirs.
DEBIAN = ["libgtest-dev", "libgmock-dev", "nlohmann-json3-dev", "zlib1g", "zlib1g-dev"]
PROGRAM_OPTIONS = "libboost-program-options-dev"
UNUSED = ["usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/src", "usr/share/pkgconfig"]
GLIBC = range(39, 4, -1)  # minor versions that a wheel may ask for; pip takes each by name
OLDER = ["manylinux2014", "manylinux2010", "manylinux1"]


def pins(path):
    """Name -> version of a list of requirements."""
    lines = [line.split("==") for line in Path(path).read_text().splitlines() if "==" in line]
    return {name.strip(): version.strip() for name, version in lines}


def packages(root, peers):
    """-> folder -> 'name==version'"""
    ours = pins(root / "requirements/python.txt")
    theirs = pins(root / "requirements/gpu-peers.txt")
    chosen = {"wheels": [f"{name}=={ours[name]}" for name in OURS]}
    if peers:
        chosen["peers"] = [f"{name}=={version}" for name, version in theirs.items()]
    return chosen


def withPip(root):
    """An interpreter that has pip."""
    for python in (sys.executable, root / ".venv/bin/python"):
        if subprocess.run([python, "-m", "pip", "--version"], capture_output=True).returncode == 0:
            return str(python)
    raise SystemExit("packing: found no Python with pip, expected one; run scripts/setup.sh")


def platforms():
    names = [f"manylinux_2_{minor}_x86_64" for minor in GLIBC] + [f"{n}_x86_64" for n in OLDER]
    return [word for name in names for word in ("--platform", name)]


def fetch(pip, package, folder, python):
    """A wheel for the other machine's Python; from source where there is no wheel, which must then
    be of Python alone."""
    wanted = [pip, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    target = ["--only-binary=:all:", "--implementation", "cp", "--python-version", python]
    done = subprocess.run([*wanted, *target, *platforms(), package], capture_output=True, text=True)
    if done.returncode == 0:
        return
    made = subprocess.run([pip, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder,
                           package], capture_output=True, text=True)
    stem = package.split("==")[0].replace("-", "_")
    if made.returncode != 0 or not list(Path(folder).glob(f"{stem}-*-none-any.whl")):
        raise SystemExit(f"packing {package}: pip found no wheel for Python {python}, and could "
                         f"make none of Python alone\n{done.stderr}{made.stderr}")


def unpackDebian(names, folder):
    """Unpacks Debian packages below `folder`."""
    if not shutil.which("apt-get"):
        raise SystemExit("packing libraries: found no apt-get, expected a Debian 12 system")
    with tempfile.TemporaryDirectory() as downloads:
        subprocess.run(["apt-get", "-qq", "download", *names], cwd=downloads, check=True,
                       stderr=subprocess.DEVNULL)
        for package in Path(downloads).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    for name in UNUSED:
        shutil.rmtree(folder / name, ignore_errors=True)


def linkZlib(folder):
    """Debian's link to zlib is absolute: one that stays in the folder."""
    link = folder / "usr/lib/x86_64-linux-gnu/libz.so"
    library = next((folder / "lib/x86_64-linux-gnu").glob("libz.so.1.*"))
    link.unlink()
    shutil.move(library, link)
    shutil.rmtree(folder / "lib")


def copyProgramOptions(folder):
    """Of Boost, only the library and the headers that its one header includes."""
    source = folder / "probe.cpp"
    source.write_text("#include <boost/program_options.hpp>\n")
    done = subprocess.run(["c++", "-std=c++20", "-M", source], capture_output=True, text=True)
    source.unlink()
    if done.returncode != 0:
        raise SystemExit("packing Boost.Program_options: found no headers, expected the package "
                         f"{PROGRAM_OPTIONS}; install it")
    libraries = Path("/usr/lib/x86_64-linux-gnu").glob("libboost_program_options.a")
    headers = re.findall(r"/usr/include/boost/\S+", done.stdout)
    for path in [*map(Path, headers), *libraries, Path("/usr/include/boost/version.hpp")]:
        target = folder / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def packNative(folder):
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        unpackDebian(DEBIAN, tree)
        linkZlib(tree)
        copyProgramOptions(tree)
        with tarfile.open(folder / "native.tar.gz", "w:gz") as archive:
            archive.add(tree / "usr", "usr")


def manifest(folder):
    rows = [dict(name=path.relative_to(folder).as_posix(), bytes=path.stat().st_size,
                 sha256=hashlib.sha256(path.read_bytes()).hexdigest())
            for path in sorted(folder.rglob("*")) if path.is_file()]
    (folder / "manifest.json").write_text(json.dumps(rows, indent=1) + "\n")
    return rows


def pack(root, folder, python, peers):
    """-> exit status: 1 if what is brought is too much"""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"packing into {folder}: found files there, expected an empty folder")
    pip = withPip(root)
    for part, names in packages(root, peers).items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        for name in names:
            fetch(pip, name, folder / part, python)
    packNative(folder)
    rows = manifest(folder)
    for row in rows:
        print(f"{row['bytes'] / 1e6:8.2f} MB  {row['name']}")
    total = sum(row["bytes"] for row in rows)
    print(f"{total / 1e6:8.2f} MB  in all, for Python {python}")
    if total >= MOST_BYTES:
        print(f"gpu-check: this is more than {MOST_BYTES / 1e6:.0f} MB; try --no-peers",
              file=sys.stderr)
    return 0 if total < MOST_BYTES else 1
