"""The parser of Mermaid itself, as its package on npm brings it, in a browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

VERSION = "12.3.0"
CACHE = Path(__file__).parents[2] / ".cache" / "mermaid"
BUNDLE = "package/dist/mermaid.min.js"


def bundle() -> Path:
    """The script of this version, fetched once; the test is skipped where the registry of npm cannot be reached."""
    kept = CACHE / f"mermaid-{VERSION}.min.js"
    if kept.is_file():
        return kept
    CACHE.mkdir(parents=True, exist_ok=True)
    npm = Path(sys.executable).with_name("npm")
    program = str(npm) if npm.exists() else shutil.which("npm")
    if program is None:
        pytest.skip("npm is missing; make install brings it")
    asked = [program, "pack", f"mermaid@{VERSION}", "--silent", "--pack-destination", str(CACHE)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=240, check=False)
    packed = CACHE / f"mermaid-{VERSION}.tgz"
    if done.returncode != 0 or not packed.is_file():
        pytest.skip(f"npm cannot fetch mermaid {VERSION}: {done.stderr.strip()[-200:]}")
    with tarfile.open(packed) as archive:
        inner = archive.extractfile(BUNDLE)
        assert inner is not None, f"the package has no {BUNDLE}"
        kept.write_bytes(inner.read())
    packed.unlink()
    return kept
