"""Packages of npm that tests compare with, fetched once."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache" / "npm"


def unpacked(package: str, version: str) -> Path:
    """The folder of this package; the test is skipped where the registry of npm cannot be reached."""
    kept = CACHE / f"{package}-{version}"
    if not kept.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        _extract(_packed(package, version), kept)
    return kept / "package"


def program(name: str) -> str:
    """The path of node or npm; the test is skipped without."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing; make install brings it")
    return found


def _packed(package: str, version: str) -> Path:
    asked = [program("npm"), "pack", f"{package}@{version}", "--silent", "--pack-destination", str(CACHE)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=240, check=False)
    packed = CACHE / f"{package}-{version}.tgz"
    if done.returncode != 0 or not packed.is_file():
        pytest.skip(f"npm cannot fetch {package} {version}: {done.stderr.strip()[-200:]}")
    return packed


def _extract(packed: Path, kept: Path) -> None:
    """Under another name first, so that a folder that stands is whole."""
    partial = kept.with_name(f"{kept.name}.part")
    with tarfile.open(packed) as archive:
        archive.extractall(partial, filter="data")
    partial.rename(kept)
    packed.unlink()
