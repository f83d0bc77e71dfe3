"""The names that berth-init stands in for, and the program that a test gets under each: a link to berth-init, or
with BERTH_TEST_PEERS=1 the installed program itself, so that the tests prove what they ask for."""

import os
import shutil

from container import SUBREAPER, Pid1
from harness import Skip
from process import run
from root import BERTH_INIT, PAYLOAD, copied

PEERS = os.environ.get("BERTH_TEST_PEERS", "") not in ("", "0")

TINI = ("tini", "tini-static", "docker-init")
DUMB_INIT = "dumb-init"
CATATONIT = "catatonit"
NAMES = (*TINI, DUMB_INIT, CATATONIT)
_PACKAGED_AS = {"docker-init": "tini-static"}  # docker ships tini by that name


def better_than_peers(why):
    """A need: what the program itself cannot do is tested with berth-init alone."""
    return lambda: f"with berth-init only: {why}" if PEERS else None


def program(t, name):
    """The path of the program under test, whose last part is the name."""
    target = copied(t, BERTH_INIT)
    if PEERS:
        target = shutil.which(_PACKAGED_AS.get(name, name))
        if not target:
            raise Skip(f"needs the program {name}")
    link = t.dir / "bin" / name
    if not link.exists():
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(target)
    return link


def call(t, name, *words, **environment):
    """Runs it to its end, as an ordinary process; returns its Result."""
    return run(t, [program(t, name), *words], env={**os.environ, **environment})


def start(t, name, *words, way=SUBREAPER, environment=None, **options):
    """Starts it in one of the WAYS; on a terminal as the leader of its session, as in a container."""
    options.setdefault("leader", options.get("terminal", False))
    return Pid1(t, *words, way=way, init=program(t, name), env={**os.environ, **(environment or {})}, **options)


def start_payload(t, name, *verbs, flags=(), **options):
    """With the payload's verbs as its job."""
    return start(t, name, *flags, "--", copied(t, PAYLOAD), *verbs, **options)
