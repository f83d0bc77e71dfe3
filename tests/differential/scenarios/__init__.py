"""All scenarios: importing this fills the table."""

import importlib
import pathlib

for _path in sorted(pathlib.Path(__file__).parent.glob("[!_]*.py")):
    importlib.import_module(f"scenarios.{_path.stem}")
