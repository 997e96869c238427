"""What lies in the repository is fit for everyone's machine."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from tests.project.tree import ROOT, text_of, tracked_files

PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}
DECODING = {"msgspec.json.decode", "msgspec.msgpack.decode"}
# `/home/you` stands for anybody's.
SOMEONES_HOME = re.compile(r"(?<![\w.])/(?:home|Users)/(?!you/)\w+/")


def test_the_lock_names_only_the_public_index() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\"\s]+)", lock)) == PUBLIC_HOSTS


def test_the_lock_has_every_package_of_the_workspace() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    locked = {package["name"] for package in lock["package"]}
    for manifest in ROOT.glob("*/pyproject.toml"):
        assert tomllib.loads(manifest.read_text(encoding="utf-8"))["project"]["name"] in locked


def test_no_file_names_a_path_of_this_machine_or_of_somebodys_home() -> None:
    here = re.compile("|".join(re.escape(f"{place}/") for place in (ROOT, Path.home())))
    naming = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if SOMEONES_HOME.search(text_of(path)) or here.search(text_of(path))
    ]
    assert naming == []


def test_what_is_decoded_into_types_of_our_own_has_a_decoder_made_once() -> None:
    # Threads that ask msgspec 0.22 for such a type at once, the first time, may crash the program.
    asking = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in tracked_files()
        if path.suffix == ".py" and "src" in path.parts
        for call in ast.walk(ast.parse(text_of(path)))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in DECODING
        for word in call.keywords
        if word.arg == "type" and re.fullmatch(r"_?[A-Z]\w+", ast.unparse(word.value))
    ]
    assert asking == []
