#!/usr/bin/env python3
"""Shows every lint a file it must object to and one it must let pass.

SPDX-License-Identifier: MIT
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import errors
import includes
import sources
import style

# Within a hook, git's variables name the repository of the hook.
NO_GIT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
HEAD = "// One.\n// SPDX-License-Identifier: MIT\n"


def findings(check, name, text, others=()):
    """What a lint says of a file `name` with this text, in a project that also has `others`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for other in (name, *others):
            (root / other).parent.mkdir(parents=True, exist_ok=True)
            (root / other).touch()
        return [sentence for _, sentence in check(root, Path(name), text)]


class Includes(unittest.TestCase):
    def judge(self, name, line, others=()):
        return findings(includes.check, name, line, others)

    def test_arrows_backwards_are_found(self):
        self.assertTrue(self.judge("core/A.cpp", '#include "model/B.h"', ["model/B.h"]))
        self.assertTrue(self.judge("trainer/objectives/A.cpp", '#include "trainer/training/B.h"',
                                   ["trainer/training/B.h"]))
        self.assertTrue(self.judge("plugin/src/A.cpp", '#include "model/B.h"', ["model/B.h"]))

    def test_arrows_forwards_pass(self):
        self.assertEqual(self.judge("model/A.cpp", '#include "core/B.h"', ["core/B.h"]), [])
        self.assertEqual(self.judge("platforms/reference/src/A.cpp", '#include "internal/B.h"',
                                    ["plugin/include/internal/B.h"]), [])

    def test_foreign_libraries_are_found(self):
        for name, line in (("core/A.cpp", "#include <torch/script.h>"),
                           ("trainer/main.cpp", '#include "openmm/System.h"'),
                           ("plugin/src/A.cpp", "#include <torch/script.h>"),
                           ("platforms/reference/src/A.cpp", "#include <cuda_runtime.h>"),
                           ("trainer/training/A.cpp", "#include <boost/x.hpp>"),
                           ("core/A.cpp", "#include <fmt/core.h>")):
            self.assertEqual(len(self.judge(name, line)), 1, line)

    def test_allowed_libraries_pass(self):
        for name, line in (("core/A.cpp", "#include <vector>"), ("core/A.cpp", "#include <zlib.h>"),
                           ("core/A.cpp", "#include <sys/stat.h>"),
                           ("plugin/src/TorchModel.cpp", "#include <torch/script.h>"),
                           ("plugin/src/A.cpp", '#include "openmm/OpenMMException.h"')):
            self.assertEqual(self.judge(name, line), [], line)

    def test_missing_files_are_found(self):
        self.assertTrue(self.judge("core/A.cpp", '#include "core/Gone.h"'))
        self.assertTrue(self.judge("tests/unit/A.cpp", '#include "core/Gone.h"'))

    def test_torch_in_a_plugin_side_header_is_found(self):
        line = "#include <torch/script.h>"
        self.assertTrue(self.judge("platforms/reference/src/A.h", line))
        self.assertEqual(self.judge("model/A.h", line), [])

    def test_a_folder_outside_the_table_is_found(self):
        self.assertTrue(self.judge("extras/A.cpp", "#include <vector>"))


class Style(unittest.TestCase):
    def judge(self, text, name="core/A.cpp"):
        return findings(style.check, name, text)

    def test_a_clean_file_passes(self):
        self.assertEqual(self.judge(HEAD + "int a;  // kJ/mol/nm, ../core/b, /usr/bin/x\n"), [])

    def test_each_fault_is_found(self):
        for fault in ("x" * 101, "\tint a;", "// TO" "DO: later", '"/ho' 'me/me/x"',
                      "`/ro" "ot/x`"):
            self.assertEqual(len(self.judge(HEAD + fault + "\n")), 1, fault)

    def test_a_missing_licence_is_found(self):
        self.assertEqual(len(self.judge("int a;\n")), 1)

    def test_texts_need_no_licence_but_no_machine_path_either(self):
        self.assertEqual(self.judge("x" * 200, "docs/a.md"), [])
        self.assertEqual(len(self.judge("see /mn" "t/x", "docs/a.md")), 1)


class Errors(unittest.TestCase):
    def judge(self, text):
        return findings(errors.check, "core/A.cpp", text)

    def test_good_sentences_pass(self):
        for text in ('fail("reading ", path, ": not found");', 'fail(path, ": 3.5");',
                     'throw OpenMMException("MolSpectraForce: no atoms" + x + "; give some");',
                     'fail("NPZ files have keys");', 'fail("a) b.", n);',
                     'throw Error(cat(parts...));', 'fail("x", f("Y."), "; see the manual");'):
            self.assertEqual(self.judge(text), [], text)

    def test_capitals_and_full_stops_are_found(self):
        for text in ('fail("Cannot read ", path);', 'fail("reading ", path, ": missing.");',
                     'fail(cat("Cannot read ", path));', 'fail("a"\n     " b.");',
                     'throw OpenMMException("MolSpectraForce: bad!");'):
            self.assertEqual(len(self.judge(text)), 1, text)


class Sources(unittest.TestCase):
    def test_made_and_hidden_folders_are_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("build/B.h", ".venv/C.h", "demo/D.h", "trainer/demo/A.h"):
                path = Path(folder) / name
                path.parent.mkdir(parents=True)
                path.touch()
            self.assertEqual(sources.files(Path(folder), {".h"}), [Path("trainer/demo/A.h")])

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_a_repository_tells_which_files_are_ours(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name in ("core/New.h", "core/Gone.h", "docs/a.json", "made/B.h", "results/b.json"):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).touch()
            (root / ".gitignore").write_text("/made/\n")
            for command in (["init", "--quiet"], ["add", "core/Gone.h", "docs"]):
                subprocess.run(["git", "-C", folder, *command], check=True, env=NO_GIT)
            (root / "core/Gone.h").unlink()
            self.assertEqual(sources.files(root, sources.ALL),
                             [Path("core/New.h"), Path("docs/a.json")])

    def test_a_file_that_is_no_text_is_a_finding(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "A.h").write_bytes(b"one\ntwo \xff\n")
            self.assertEqual(sources.findings(Path(folder), Path("A.h"), style.check),
                             [(2, "a byte that is not UTF-8")])


if __name__ == "__main__":
    unittest.main()
