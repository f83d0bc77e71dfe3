"""Roots for containers, and the programs under test."""

import os
import pathlib
import shutil
import stat
import subprocess

from harness import Skip

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BERTH_BUILD", TOP / "build")).resolve()
BERTH = BUILD / "launcher" / "berth"
BERTH_INIT = BUILD / "init" / "berth-init"
PAYLOAD = BUILD / "tests" / "lib" / "payload"
SPOIL = BUILD / "tests" / "lib" / "spoil"
REFUSE = BUILD / "tests" / "lib" / "refuse"

NOBODY = 65534
PASSWD = f"root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/var/www:/bin/sh\nnobody:x:{NOBODY}:{NOBODY}:nobody:/:/bin/false\n"
GROUP = f"root:x:0:\nwww:x:33:\nnobody:x:{NOBODY}:\n"
UNIT_DIRECTORY = "etc/systemd/system"


def copied(t, program):
    """A copy of a program in the test's own directory, where an ordinary user can reach it."""
    copy = t.dir / pathlib.Path(program).name
    if not copy.exists():
        shutil.copy(program, copy)
    return copy


def applets():
    """What busybox can be called as, as paths below the root ("bin/sh")."""
    return subprocess.run(["busybox", "--list-full"], check=True, capture_output=True, text=True).stdout.split()


def busybox_root(directory, units=None, files=None):
    """Makes a root: busybox and its links, the test payload, users, and units as {name: text} and files as
    {path: text or bytes}. Returns its path."""
    busybox = shutil.which("busybox")
    if not busybox:
        raise Skip("needs busybox (package busybox-static)")
    root = pathlib.Path(directory)
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "etc", "proc", "sys", "dev", "run", "tmp", "root", "var/www"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    shutil.copy(busybox, root / "bin/busybox")
    for applet in applets():
        if applet != "bin/busybox":
            (root / applet).parent.mkdir(parents=True, exist_ok=True)
            os.symlink("/bin/busybox", root / applet)
    if PAYLOAD.exists():
        shutil.copy(PAYLOAD, root / "bin/payload")
    write_files(root, {"etc/passwd": PASSWD, "etc/group": GROUP, **(files or {})})
    write_files(root, {f"{UNIT_DIRECTORY}/{name}": text for name, text in (units or {}).items()})
    return root


def boot_root(directory, units, files=None):
    """A busybox root with berth-init and berthctl in it. Units with an [Install] section are enabled, as
    `systemctl enable` does it for multi-user.target."""
    root = busybox_root(directory, units, files)
    shutil.copy(BERTH_INIT, root / "sbin/berth-init")
    os.symlink("/sbin/berth-init", root / "bin/berthctl")
    wants = root / UNIT_DIRECTORY / "multi-user.target.wants"
    wants.mkdir(parents=True)
    for name, text in units.items():
        if "[Install]" in (text if isinstance(text, str) else text.decode(errors="replace")):
            os.symlink(f"../{name}", wants / name)
    return root


def write_files(root, files):
    for path, content in files.items():
        target = pathlib.Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def tree_state(directory):
    """Everything in a tree that a writer would change: names, modes, owners, sizes, times, contents."""
    state = {}
    for path in sorted([pathlib.Path(directory), *pathlib.Path(directory).rglob("*")]):
        info = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(info.st_mode) else os.readlink(path) if path.is_symlink() else None
        state[str(path)] = (info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_mtime_ns,
                            info.st_ctime_ns, content)
    return state
