"""Runs in a world: all scenarios, many at a time; prints what was observed of each, as JSON. Arguments: N for each
Nth scenario, and parts of the names of scenarios; none for all."""

import asyncio
import json
import os
import pathlib
import signal
import sys
import time

import scenario as scenarios
import scenarios as _table  # noqa: F401

AT_A_TIME = 12
AT_A_TIME_QUIETLY = 3
DEADLINE = 30  # seconds for one step
POLL = 0.05  # seconds between two looks at the units that somebody waits for: a look costs a process
DIRECTORY = pathlib.Path("/run/scenarios")
MANAGER_DEADLINE = 60


LISTS = {"Requires", "Wants", "Before", "After", "Conflicts", "Names"}  # in no order


def in_order(key, value):
    return " ".join(sorted(value.split())) if key in LISTS else value


class Failed(Exception):
    """A step did not come to its end: observed like all else."""


async def begin(*argv, shell):
    """The process; a machine that has no room for one more may have it soon."""
    make = asyncio.create_subprocess_shell if shell else asyncio.create_subprocess_exec
    end = asyncio.get_running_loop().time() + DEADLINE
    while True:
        try:
            return await make(*argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                              stderr=asyncio.subprocess.PIPE, start_new_session=True)
        except BlockingIOError as error:
            if asyncio.get_running_loop().time() > end:
                raise Failed(f"cannot be started: {error}") from None
        await asyncio.sleep(POLL)


async def run(*argv, shell=False):
    """Exit status, standard output and error of a command."""
    process = await begin(*argv, shell=shell)
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


class Watch:
    """One look at a time, at all units that are waited for: many looks would keep PID 1 from its own work."""

    def __init__(self):
        self.asked = {}
        self.looking = None

    async def state(self, unit):
        """What the next look shows of it."""
        future = self.asked.setdefault(unit, asyncio.get_running_loop().create_future())
        if not self.looking or self.looking.done():
            self.looking = asyncio.create_task(self.look())
        return await future

    async def look(self):
        while self.asked:
            await asyncio.sleep(POLL)
            asked, self.asked = self.asked, {}
            try:
                found = await properties(list(asked), ("ActiveState", "SubState", "Job", "MainPID"))
            except Failed:
                found = {}
            for unit, future in asked.items():
                future.set_result(found.get(unit, {}))


def at_rest(pid):
    """A main process that sleeps for long, or none. Not one that has just begun, that has more to do, or that is told
    to end."""
    if pid == "0":
        return True
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
    return fields["Name"] == "sleep" and fields["State"].startswith("S") and not pending


class Run:
    """One scenario, under way."""

    def __init__(self, one, watch):
        self.one = one
        self.watch = watch
        self.seen = []
        self.said = []
        self.unordered = False
        self.incomplete = False
        self.seconds = 0

    def lay_out(self):
        for path, text in self.one.files.items():
            target = self.path(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.one.renamed(text))
        for link, to in self.one.links.items():
            target = self.path(link)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(self.one.renamed(to))
        os.makedirs(self.one.directory(), exist_ok=True)
        os.chmod(self.one.directory(), 0o777)

    def path(self, name):
        name = self.one.renamed(name)
        return pathlib.Path(name if name.startswith(("/", "@")) else f"{scenarios.UNIT_DIRECTORY}/{name}")

    async def steps(self):
        began = time.monotonic()
        try:
            for step in self.one.steps:
                await self.step(step)
        except Failed as why:
            self.failed(f"{step}: {why}")
        found = await self.states()
        self.noted()
        await self.clean_up(found)
        self.seconds = time.monotonic() - began

    async def step(self, step):
        words = self.one.renamed(step).split()
        if step.startswith(("$ ", "# ")):
            status, out, err = await run(self.one.renamed(step[2:]), shell=True)
            if step.startswith("$"):
                self.seen.append(f"{step} -> {status}")
                self.seen += [f"    {line}" for line in out.splitlines()]
            self.said += [f"{step}: {line}" for line in err.splitlines()]
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

    async def wait_for_state(self, unit, wanted):
        end = asyncio.get_running_loop().time() + DEADLINE
        while not wanted(state := await self.watch.state(unit)):
            if asyncio.get_running_loop().time() > end:
                raise Failed(f"is {state.get('ActiveState')}/{state.get('SubState')}")

    async def rest(self, unit):
        """Twice in a row: between a process's end and what follows from it everything looks quiet."""
        quiet = 0

        def rests(state):
            nonlocal quiet
            settled = state.get("ActiveState") in ("active", "inactive", "failed") and not int(state.get("Job") or 0)
            quiet = quiet + 1 if settled and at_rest(state.get("MainPID", "0")) else 0
            return quiet == 2

        await self.wait_for_state(unit, rests)

    async def until(self, unit, wanted):
        def is_there(state):
            active = state.get("ActiveState")
            return wanted in (active, f"{active}/{state.get('SubState')}")

        await self.wait_for_state(unit, is_there)

    async def states(self):
        """Observes them; returns them."""
        names = self.one.units()
        if not names:
            return {}
        try:
            found = await properties(list(map(self.one.renamed, names)), (*self.one.show, "ActiveState"))
        except Failed as why:
            self.failed(f"show: {why}")
            return {}
        for name, state in found.items():
            values = [f"{key}={in_order(key, state[key])}" for key in self.one.show if state.get(key)]
            self.seen.append(f"{name}: {' '.join(values)}")
        return found

    async def clean_up(self, found):
        """Others shall not have to bear what is left of this one."""
        left = [name for name, state in found.items() if state.get("ActiveState") not in ("inactive", "failed")]
        if left:
            try:
                await run("systemctl", "stop", "--no-block", "--", *left)
                await run("systemctl", "kill", "--signal=KILL", "--", *left)
            except Failed as why:
                self.failed(f"the end: {why}")

    def failed(self, why):
        """A scenario that does not get to its end shows nothing, even if both do the same."""
        self.seen.append(why)
        self.incomplete = True

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
                "said": [self.one.neutral(line) for line in self.said], "seconds": self.seconds, "incomplete": self.incomplete}


async def manager_is_up():
    end = asyncio.get_running_loop().time() + MANAGER_DEADLINE
    while asyncio.get_running_loop().time() < end:
        if (await run("systemctl", "is-system-running"))[1].strip() in ("running", "degraded"):
            return
        await asyncio.sleep(POLL)
    raise SystemExit("observe.py: PID 1 does not get through its boot")


async def lay_out(name, chosen):
    """Their files, and a unit that names all of theirs: systemd forgets one that is down and that nobody names."""
    for each in chosen:
        each.lay_out()
    names = [each.one.renamed(unit) for each in chosen for unit in each.one.units()]
    pin = "[Unit]\nIgnoreOnIsolate=yes\n" + "".join(f"After={name}\n" for name in names)
    pathlib.Path(f"{scenarios.UNIT_DIRECTORY}/{name}").write_text(pin)
    await run("systemctl", "daemon-reload")
    await run("systemctl", "start", name)


async def carry_out(chosen, at_a_time):
    gate = asyncio.Semaphore(at_a_time)

    async def in_turn(each):
        async with gate:
            await each.steps()

    await asyncio.gather(*map(in_turn, chosen))


async def main(every, *patterns):
    watch = Watch()
    chosen = [Run(one, watch) for one in scenarios.selected(patterns, every)]
    await manager_is_up()
    DIRECTORY.mkdir(mode=0o777)
    DIRECTORY.chmod(0o1777)
    # Not side by side with the others: systemd forgets at each daemon-reload how often units have been started. And
    # first, as it takes long when there are many units.
    for name, part in (("pin-reload.target", [each for each in chosen if each.one.reloads()]),
                       ("pin.target", [each for each in chosen if not each.one.reloads()])):
        await lay_out(name, part)
        await carry_out([each for each in part if not each.one.quiet() and not each.one.alone], AT_A_TIME)
        await carry_out([each for each in part if each.one.quiet() and not each.one.alone], AT_A_TIME_QUIETLY)
        await carry_out([each for each in part if each.one.alone], 1)
    json.dump({str(each.one): each.result() for each in chosen}, sys.stdout)


if __name__ == "__main__":
    asyncio.set_child_watcher(asyncio.PidfdChildWatcher())
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
