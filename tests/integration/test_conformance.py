"""docs/conformance.md names tests that exist."""

import re

from harness import registered, test
from root import TOP


@test
def every_ask_names_a_test_that_exists(t):
    text = (TOP / "docs/conformance.md").read_text()
    named = set(re.findall(r"`((?:job|job_long|names)\.\w+)`", text))
    existing = {case.name.partition("[")[0] for case in registered()}
    assert named, "no test is named"
    assert named <= existing, f"there are no tests {sorted(named - existing)}"
    rows = [line for line in text.splitlines() if re.match(r"\| \S.*#\d+", line)]
    without = [row for row in rows if not re.search(r"`\w+\.\w+`", row)]
    assert rows and not without, f"no test: {without}"
