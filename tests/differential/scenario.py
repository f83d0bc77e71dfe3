"""Scenarios: what a person writes into unit files and types, and what happens then.

    scenario("on-failure brings back what failed", '''
    a.service
        ExecStart=sh -c '@note run; exit 1'
        Restart=on-failure
    $ systemctl start a.service
    until a.service failed/failed
    ''')

A line at the margin is the name of a file, whose text follows indented, or a step:

    NAME.service ...        a unit, a drop-in ("a.service.d/x.conf"), a path below /etc/systemd/system; or an absolute
                            path. A unit without a section header begins with its own section.
    LINK -> TARGET          a symbolic link there
    $ COMMAND               is run (by sh); its exit status and standard output are observed
    # COMMAND               the same, not observed
    until UNIT STATE        waits for that ActiveState, or ActiveState/SubState
    rest UNIT               waits until it is neither on its way nor about to come back, has no job, and its main process,
                            if there is one, does nothing but sleep(1)
    lines N                 waits until N lines were noted
    unordered               the order of the noted lines is left to chance

`@note WORDS` in a command line writes a line, into @log; `@await NAME` ends once there is @dir/NAME; @dir is a directory
of the scenario's own. At the end every unit's state is observed as well (PROPERTIES).
All scenarios run in one system at a time: each one's units get a prefix, which is taken out of what is observed.
"no-such" is a unit that each has not.

A scenario observes what is guaranteed. Two things that only happen at nearly the same time are put in order by a step or
by @await, or are `unordered`; a time that must not run out is long, one that must is a second where anything has to
happen before.
"""

import re
import textwrap

UNIT_SUFFIXES = "service|target|slice|socket|timer|path"
UNIT_DIRECTORY = "/etc/systemd/system"
PROPERTIES = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainCode", "ExecMainStatus",
              "ConditionResult", "AssertResult", "StatusText")
SECTIONS = {"service": "[Service]", "slice": "[Slice]"}
RELOAD = re.compile(r"systemctl (--\S+ )*(daemon-re|enable|disable|reenable|preset|mask|unmask|link|edit|revert|set-)")
STEP = re.compile(r"(\$ |# |until |rest |lines |unordered$)")

table = []  # all scenarios, in their order


class Deliberate:
    """Lines that are not the same, and why."""

    def __init__(self, because, systemd=(), berth=()):
        self.because = because
        self.lines = {"systemd": list(systemd), "berth": list(berth)}


class Scenario:
    def __init__(self, group, name, text, show=PROPERTIES, alone=False, differs=None):
        self.group = group
        self.name = name
        self.show = show
        self.alone = alone
        self.differs = differs
        self.files, self.links, self.steps = {}, {}, []
        self.parse(textwrap.dedent(text))
        self.prefix = f"s{len(table):03}-"

    def __str__(self):
        return f"{self.group}: {self.name}"

    def parse(self, text):
        name, body = None, []
        for line in [*text.splitlines(), "$ "]:
            if line.startswith(" ") or not line:
                body.append(line)
                continue
            if name:
                self.files[name] = with_section(name, textwrap.dedent("\n".join(body)).strip("\n") + "\n")
            name, body = None, []
            if STEP.match(line):
                self.steps.append(line)
            elif " -> " in line:
                link, target = line.split(" -> ")
                self.links[link] = target
            else:
                name = line
        self.steps.pop()

    def stems(self):
        """The units' own names, without what follows the first @ and the suffix; longest first."""
        found = {"no-such"}
        for path in [*self.files, *self.links, *(p.rpartition("/")[2] for p in [*self.files, *self.links])]:
            match = re.match(rf"([^/@]+)(@[^/]*)?\.({UNIT_SUFFIXES})\b", path)
            if match:
                found.add(match[1])
        return sorted(found, key=len, reverse=True)

    def renamed(self, text):
        """With the prefix before each of the scenario's own units."""
        stems = "|".join(map(re.escape, self.stems()))
        if stems:
            text = re.sub(rf"(?<![\w@.\\-])({stems})(?=(@[^\s/]*)?\.({UNIT_SUFFIXES})\b)", rf"{self.prefix}\1", text)
        for word, meaning in (("@note", f"/usr/local/bin/note {self.log()}"), ("@await ", f"/usr/local/bin/await {self.directory()}/"),
                              ("@log", self.log()), ("@dir", self.directory())):
            text = text.replace(word, meaning)
        return text

    def quiet(self):
        """Whether much else would be in the way: systemd looks at watchdogs only when it has nothing else to do."""
        return any("WatchdogSec=" in text for text in self.files.values())

    def reloads(self):
        """Whether a step makes PID 1 read all units again."""
        return any(RELOAD.search(step) for step in self.steps)

    def directory(self):
        return f"/run/scenarios/{self.prefix}dir"

    def log(self):
        return f"/run/scenarios/{self.prefix}log"

    def neutral(self, text):
        return text.replace(self.prefix, "").replace(self.prefix.replace("-", "\\x2d"), "")

    def units(self):
        """Every unit whose state is observed, as it is called here."""
        found = dict.fromkeys(path for path in self.files if "/" not in path and "@." not in path)
        for step in self.steps:
            found.update(dict.fromkeys(re.findall(rf"[\w.:\\-]+@[^\s@]+\.(?:{UNIT_SUFFIXES})\b", step)))
        return [name for name in found if re.search(rf"\.({UNIT_SUFFIXES})$", name)]


def with_section(path, text):
    match = re.search(rf"\.({UNIT_SUFFIXES})(\.d/.*)?$", path)
    if not match or re.match(r"\s*\[", text) or path.startswith("/"):
        return text
    return SECTIONS.get(match[1], "[Unit]") + "\n" + text


def group(name):
    """Returns the function that adds scenarios to a group."""

    def scenario(title, text, **options):
        table.append(Scenario(name, title, text, **options))

    return scenario


def selected(patterns, every=1):
    """Each Nth of those with a part of the name; a neighbour is often much like it."""
    return [one for one in table if not patterns or any(pattern in str(one) for pattern in patterns)][::every]
