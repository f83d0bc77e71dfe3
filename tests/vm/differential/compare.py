"""The scenarios in both worlds, and where they differ."""

import concurrent.futures
import json

import scenario as scenarios
import scenarios as _table  # noqa: F401
from world import NAMES, World


def observed(name, berth_init, patterns, every):
    """What was observed in a world: by scenario {"seen": lines, "errors": lines}."""
    with World(name, berth_init) as world:
        process = world.python("observe.py", str(every), *patterns)
        out, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"{name}: {world.messages()}")
        return json.loads(out)


def observed_in_both(berth_init, patterns=(), every=1):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = {name: pool.submit(observed, name, berth_init, patterns, every) for name in NAMES}
        return {name: run.result() for name, run in runs.items()}


def minus(some, others):
    rest = list(others)
    return [line for line in some if not (line in rest and not rest.remove(line))]


def shortened(lines, only):
    """Of the lines of properties, what is not the same in all."""
    pairs = [line.split(" ") for name in NAMES for line in only[name] if ": LoadState=" in line]
    same = set.intersection(*map(set, pairs)) if len(pairs) > 1 else set()
    return [" ".join(word for i, word in enumerate(line.split(" ")) if i == 0 or word not in same)
            if ": LoadState=" in line else line for line in lines]


def differences(one, both):
    """The lines that show the difference, none when it is all the same, or different in the way that is known."""
    seen = {name: both[name][str(one)]["seen"] for name in NAMES}
    only = {name: minus(seen[name], seen[other]) for name, other in zip(NAMES, reversed(NAMES))}
    known = one.differs.lines if one.differs else {name: [] for name in NAMES}
    if only == known and (any(only.values()) or seen["systemd"] == seen["berth"]):
        return []
    if not any(only.values()):
        only = seen  # the order
    lines = [f"{name:8}{line}" for name in NAMES for line in shortened(only[name], only)]
    lines += [f"{name:8}said: {line}" for name in NAMES for line in both[name][str(one)]["errors"]]
    return lines or ["the difference that is known is gone"]


def compare(berth_init, patterns=(), every=1):
    """Yields each scenario that ran, with the lines of its difference."""
    both = observed_in_both(berth_init, patterns, every)
    for one in scenarios.table:
        if str(one) in both["systemd"]:
            yield one, differences(one, both)
