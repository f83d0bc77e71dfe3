"""Runs in a world: all scenarios, many at a time; prints what was observed of each, as JSON. Arguments: N for each
Nth scenario, and parts of the names of scenarios; none for all."""

import asyncio
import json
import os
import pathlib
import signal
import sys

import scenario as scenarios
import scenarios as _table  # noqa: F401

AT_A_TIME = 12
DEADLINE = 30  # seconds for one step
POLL = 0.05  # seconds between two looks at a unit: a look costs a process
DIRECTORY = pathlib.Path("/run/scenarios")
MANAGER_DEADLINE = 60


LISTS = {"Requires", "Wants", "Before", "After", "Conflicts", "Names"}  # in no order


def in_order(key, value):
    return " ".join(sorted(value.split())) if key in LISTS else value


class Failed(Exception):
    """A step did not come to its end: observed like all else."""


async def run(*argv, shell=False):
    """Exit status and standard output of a command."""
    make = asyncio.create_subprocess_shell if shell else asyncio.create_subprocess_exec
    process = await make(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                         stderr=asyncio.subprocess.PIPE, start_new_session=True)
    try:
        out, err = await asyncio.wait_for(process.communicate(), DEADLINE)
    except asyncio.TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
        raise Failed("does not end") from None
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


async def properties(units, names):
    """Of each unit a dictionary."""
    _, out, _ = await run("systemctl", "show", f"--property=Id,{','.join(names)}", "--", *units)
    found = {}
    for block in out.split("\n\n"):
        pairs = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if pairs:
            found[pairs.get("Id", "?")] = pairs
    return found


class Run:
    """One scenario, under way."""

    def __init__(self, one):
        self.one = one
        self.seen = []
        self.errors = []
        self.unordered = False

    def lay_out(self):
        for path, text in self.one.files.items():
            target = self.path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.one.renamed(text))
        for link, to in self.one.links.items():
            target = self.path(link)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(self.one.renamed(to))

    def path(self, name):
        name = self.one.renamed(name)
        return pathlib.Path(name if name.startswith(("/", "@")) else f"{scenarios.UNIT_DIRECTORY}/{name}")

    async def steps(self):
        try:
            for step in self.one.steps:
                await self.step(step)
        except Failed as why:
            self.seen.append(f"{step}: {why}")
        await self.states()
        self.noted()

    async def step(self, step):
        words = self.one.renamed(step).split()
        if step.startswith(("$ ", "# ")):
            status, out, err = await run(self.one.renamed(step[2:]), shell=True)
            if step.startswith("$"):
                self.seen.append(f"{step} -> {status}")
                self.seen += [f"    {line}" for line in out.splitlines()]
            self.errors += [f"{step}: {line}" for line in err.splitlines()]
        elif words[0] == "until":
            await self.until(words[1], words[2])
        elif words[0] == "rest":
            await self.rest(words[1])
        elif words[0] == "lines":
            await self.poll(lambda: len(self.lines()) >= int(words[1]), f"only {len(self.lines())} lines")
        elif words[0] == "unordered":
            self.unordered = True

    async def poll(self, predicate, otherwise):
        end = asyncio.get_running_loop().time() + DEADLINE
        while not predicate():
            if asyncio.get_running_loop().time() > end:
                raise Failed(otherwise)
            await asyncio.sleep(POLL)

    async def rest(self, unit):
        """Twice in a row: between a process's end and what follows from it everything looks quiet."""
        quiet = 0
        end = asyncio.get_running_loop().time() + DEADLINE
        while quiet < 2:
            state = (await properties([unit], ("ActiveState", "SubState", "Job"))).get(unit, {})
            settled = state.get("ActiveState") in ("active", "inactive", "failed") and not int(state.get("Job") or 0)
            quiet = quiet + 1 if settled else 0
            if asyncio.get_running_loop().time() > end:
                raise Failed(f"is {state}")
            await asyncio.sleep(POLL)

    async def until(self, unit, wanted):
        end = asyncio.get_running_loop().time() + DEADLINE
        while True:
            state = (await properties([unit], ("ActiveState", "SubState"))).get(unit, {})
            active = state.get("ActiveState")
            if wanted in (active, f"{active}/{state.get('SubState')}"):
                return
            if asyncio.get_running_loop().time() > end:
                raise Failed(f"is {active}/{state.get('SubState')}")
            await asyncio.sleep(POLL)

    async def states(self):
        names = self.one.units()
        if not names:
            return
        try:
            found = await properties(list(map(self.one.renamed, names)), self.one.show)
        except Failed as why:
            self.seen.append(f"show: {why}")
            return
        for name, state in found.items():
            values = [f"{key}={in_order(key, state[key])}" for key in self.one.show if state.get(key)]
            self.seen.append(f"{name}: {' '.join(values)}")

    def lines(self):
        try:
            with open(self.one.log(), encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def noted(self):
        lines = self.lines()
        self.seen += [f"noted: {line}" for line in (sorted(lines) if self.unordered else lines)]

    def result(self):
        return {"seen": [self.one.neutral(line) for line in self.seen],
                "errors": [self.one.neutral(line) for line in self.errors]}


async def manager_is_up():
    end = asyncio.get_running_loop().time() + MANAGER_DEADLINE
    while asyncio.get_running_loop().time() < end:
        if (await run("systemctl", "is-system-running"))[1].strip() in ("running", "degraded"):
            return
        await asyncio.sleep(POLL)
    raise SystemExit("observe.py: PID 1 does not get through its boot")


def lay_out_pin(chosen):
    """systemd forgets a unit that is down and that nobody names. This one names all."""
    names = [one.one.renamed(name) for one in chosen for name in one.one.units()]
    lines = [f"After={name}\n" for name in names]
    pathlib.Path(f"{scenarios.UNIT_DIRECTORY}/pin.target").write_text("[Unit]\nIgnoreOnIsolate=yes\n" + "".join(lines))


async def main(every, *patterns):
    chosen = [Run(one) for one in scenarios.selected(patterns, every)]
    await manager_is_up()
    DIRECTORY.mkdir(mode=0o777)
    DIRECTORY.chmod(0o1777)
    for each in chosen:
        each.lay_out()
        os.makedirs(f"{DIRECTORY}/{each.one.prefix}dir", exist_ok=True)
        os.chmod(f"{DIRECTORY}/{each.one.prefix}dir", 0o777)
    lay_out_pin(chosen)
    await run("systemctl", "daemon-reload")
    await run("systemctl", "start", "pin.target")
    gate = asyncio.Semaphore(AT_A_TIME)

    async def in_turn(each):
        async with gate:
            await each.steps()

    await asyncio.gather(*(in_turn(each) for each in chosen if not each.one.alone))
    for each in chosen:
        if each.one.alone:
            await each.steps()
    json.dump({str(each.one): each.result() for each in chosen}, sys.stdout)


if __name__ == "__main__":
    asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
