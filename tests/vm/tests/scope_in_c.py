"""The scope's own tests that need a systemd: each case of test-scope-systemd.c is a test here."""

import os
import pathlib
import re

from harness import test
from machine import SLOW
from process import run

NAME = "tests/unit/launcher/test-scope-systemd"
TOP = pathlib.Path(__file__).resolve().parents[3]


def cases():
    return re.findall(r"cmocka_unit_test\(test_(\w+)\)", (TOP / f"{NAME}.c").read_text())


@test(timeout=180, each=cases())
def case(t, name):
    result = run(t, [f"{os.environ['BERTH_BUILD']}/{NAME}", f"test_{name}"], 2 * SLOW)
    said = result.out + result.err
    assert result.status == 0 and "[  PASSED  ] 1 test" in said and "SKIPPED" not in said, repr(result)
