"""The client may be copied into an application: it brings nothing along."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "statuspage" / "client"


def test_it_imports_the_standard_library_and_itself_only() -> None:
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) >= 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert {each.name.partition(".")[0] for each in node.names} <= sys.stdlib_module_names, file.name
            elif isinstance(node, ast.ImportFrom) and not node.level:
                assert str(node.module).partition(".")[0] in sys.stdlib_module_names, file.name
            elif isinstance(node, ast.ImportFrom):
                assert (FOLDER / f"{node.module}.py").is_file(), file.name


def test_a_copy_of_the_folder_works_alone(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "wherever")
    ask = "wherever.Directives('http://127.0.0.1:1', {'r': 'a'}).provider('r')"
    code = f"import sys; sys.path.insert(0, '.'); import wherever; print({ask})"
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "a"
