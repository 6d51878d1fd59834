"""Makes the modules of scripts/gpu importable."""
# SPDX-License-Identifier: MIT
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/gpu"))


@pytest.fixture
def root():
    return ROOT
