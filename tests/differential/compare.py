"""The scenarios in both worlds, and where they differ."""

import contextlib
import json

import scenario as scenarios
import scenarios as _table  # noqa: F401
from world import NAMES, World


def observed_in_both(berth_init, patterns=(), every=1):
    """What was observed in each world: by scenario what observe.py says of it."""
    with contextlib.ExitStack() as stack:
        worlds = [stack.enter_context(World(name, berth_init)) for name in NAMES]
        for world in worlds:
            world.start("observe.py", str(every), *patterns)
        return {world.name: json.loads(world.output()) for world in worlds}


def minus(some, others):
    rest = list(others)
    return [line for line in some if not (line in rest and not rest.remove(line))]


def difference(one, seen):
    """What is wrong, in a sentence; None when it is all the same, or different in the way that is known."""
    if any(seen[name]["incomplete"] for name in NAMES):
        return "it does not get to its end"
    lines = {name: seen[name]["seen"] for name in NAMES}
    only = {name: minus(lines[name], lines[other]) for name, other in zip(NAMES, reversed(NAMES))}
    known = one.differs.lines if one.differs else {name: [] for name in NAMES}
    if one.differs and not any(only.values()):
        return "the difference that is known is gone"
    if only != known:
        return "they differ, in the lines with !"
    if not one.differs and lines["systemd"] != lines["berth"]:
        return "they differ in the order"
    return None


def both_sides(seen):
    """All that was seen, and what the commands said besides, which need not be the same."""
    lines = []
    for name, other in zip(NAMES, reversed(NAMES)):
        rest = minus(seen[name]["seen"], seen[other]["seen"])
        lines.append(f"{name}:")
        for line in seen[name]["seen"]:
            only = line in rest and not rest.remove(line)
            lines.append(f"  {'!' if only else ' '} {line}")
        lines += [f"    said: {line}" for line in seen[name]["said"]]
    return lines


def compare(berth_init, patterns=(), every=1):
    """Yields each scenario that ran, what is wrong or None, and what was seen of it in each world."""
    both = observed_in_both(berth_init, patterns, every)
    for one in scenarios.table:
        if str(one) in both["systemd"]:
            seen = {name: both[name][str(one)] for name in NAMES}
            yield one, difference(one, seen), seen
