"""berth diff: what a container changed, as its upper layer has it."""

import json
import os
import subprocess

from container import Container, berth, environment
from harness import root, test
from host import STATE_DIR
from process import Process, check, run
from root import BERTH, NOBODY, busybox_root, write_files
from test_bad_input import FAILED, refused
from test_overlay import ordinary

FILES = {"etc/motd": "as it was\n", "srv/gone": "", "srv/kept": "", "opt/tree/deep/file": "", "opt/tree/other": "",
         "var/mode/x": "", "usr/share/a": ""}
CHANGES = """
    echo new > /etc/motd; echo x > /etc/made; rm /srv/gone; mkdir -p /made/below; touch /made/below/file
    rm -rf /opt/tree; mkdir /opt/tree; touch /opt/tree/other /opt/tree/fresh; chmod 700 /var/mode
    rm /usr/share/a; mkdir /usr/share/a; ln -s /etc/shadow /etc/link; mkfifo /srv/fifo; rm -r /var/www"""
EXPECTED = """A /made
A /made/below
A /made/below/file
C /etc
A /etc/link
A /etc/made
C /etc/motd
C /opt
C /opt/tree
D /opt/tree/deep
A /opt/tree/fresh
C /opt/tree/other
C /srv
A /srv/fifo
D /srv/gone
C /usr
C /usr/share
C /usr/share/a
C /var
C /var/mode
D /var/www
""".splitlines()


def base(t, name="root", files=None):
    return busybox_root(t.dir / name, files=files or FILES)


def kept(t, name, base_, script, *options):
    """A persistent container that has ended."""
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / name])
    check(t, [BERTH, "run", "--overlay=persistent", *options, name, base_, "sh", "-c", script], env=environment())


def changes(t, name, **options):
    result = berth(t, "diff", name, **options)
    assert result.status == 0 and not result.err, repr(result)
    return result.out.splitlines()


def in_order(lines):
    return sorted(lines, key=lambda line: line[2:])


@test(needs=[root], each=["ephemeral", "persistent", "upper", "userns"])
def running_container_tells_what_it_changed(t, kind):
    options = {"ephemeral": [], "persistent": ["--overlay=persistent"], "userns": ["--userns=auto"],
               "upper": [f"--upper={t.dir}/up", f"--work={t.dir}/work"]}[kind]
    container = Container(t, base(t), "sh", "-c", f"{CHANGES}; echo done; exec payload sleep-forever", options=options)
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / container.name])
    container.out.expect("^done$")
    assert in_order(changes(t, container.name)) == in_order(EXPECTED), changes(t, container.name)
    rows = json.loads(berth(t, "diff", "--json", container.name).out)
    assert [f"{row['change']} {row['path']}" for row in rows] == changes(t, container.name)


@test(needs=[root])
def ended_persistent_container_tells_what_it_changed(t):
    base_ = base(t)
    kept(t, "kept", base_, CHANGES)
    assert in_order(changes(t, "kept")) == in_order(EXPECTED)
    kept(t, "kept", base_, "rm -r /made; touch /srv/gone; rm /etc/made")
    lines = changes(t, "kept")
    assert not {"A /made", "D /srv/gone", "A /etc/made"} & set(lines) and "C /srv/gone" in lines, lines


@test(needs=[root])
def untouched_container_changed_nothing(t):
    kept(t, "still", base(t), "cat /etc/passwd >/dev/null; ls /")
    assert changes(t, "still") == []
    assert berth(t, "diff", "--json", "still").out == "[]\n"


@test(needs=[root])
def several_layers_are_one(t):
    base_ = base(t)
    write_files(t.dir / "top", {"etc/motd": "top", "srv/top": ""})
    check(t, ["mknod", t.dir / "top/srv/kept", "c", "0", "0"])
    kept(t, "many", f"{t.dir}/top:{base_}", "rm /srv/top; rm -r /srv; mkdir /srv; touch /srv/kept /etc/motd")
    assert in_order(changes(t, "many")) == [
        "C /etc", "C /etc/motd", "C /srv", "D /srv/gone", "A /srv/kept", "D /srv/top"]


@test(needs=[root])
def names_that_mean_harm_are_one_line_each(t):
    kept(t, "names", base(t), r"""cd /root; touch "$(printf 'new\nD etc')" "$(printf 'esc\033[2J')" """
         r"""'back\slash' "$(printf 'bad\377')" 'ümlaut' "$(printf 'c1\302\233x')" """)
    assert sorted(changes(t, "names")) == sorted([
        "C /root", r"A /root/new\x0aD etc", r"A /root/esc\x1b[2J", r"A /root/back\\slash", r"A /root/bad\xff",
        "A /root/ümlaut", r"A /root/c1\xc2\x9bx"])


@test(needs=[root], timeout=60)
def hostile_upper_leads_nowhere_and_ends(t):
    """Links in the place of directories, what blocks when it is opened, and a tree deeper than any path."""
    base_ = base(t, files={**FILES, "etc/secret/file": ""})
    kept(t, "bad", base_, "true")
    upper = STATE_DIR / "bad/upper"
    (upper / "etc").symlink_to("/etc")
    (upper / "loop").symlink_to("loop")
    os.mkfifo(upper / "fifo")
    at = os.open(upper, os.O_RDONLY)
    for name in ["dd"] * 1500 + ["d" * 200] * 100:
        os.mkdir(name, dir_fd=at)
        at, former = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=at), at
        os.close(former)
    os.close(at)
    result = berth(t, "diff", "bad", deadline=30)
    assert result.status == FAILED and len(result.err.splitlines()) == 1 and "not all could" in result.err, result.err[:500]
    lines = result.out.splitlines()
    assert [line for line in lines if "dd" not in line] == ["C /etc", "A /fifo", "A /loop"], lines[:5]
    assert len(lines) == 1003, len(lines)


@test(needs=[root], timeout=60)
def many_entries_are_told_in_bounded_memory(t):
    kept(t, "many", base(t), "true")
    directory = STATE_DIR / "many/upper/full"
    directory.mkdir()
    for n in range(100000):
        os.mknod(directory / f"{n:06}")
    script = 'ulimit -v 65536; "$0" diff many | wc -l'
    assert check(t, ["sh", "-c", script, BERTH], deadline=30) == "100001\n"


@test(needs=[root])
def what_a_container_says_of_itself_is_not_believed(t):
    """A whiteout or an opaque directory is overlayfs' own word, not an attribute that anybody may set."""
    kept(t, "liar", base(t), "mkdir /srv/sub; touch /srv/empty")
    upper = STATE_DIR / "liar/upper"
    os.setxattr(upper / "srv/empty", "user.overlay.whiteout", b"y")
    os.setxattr(upper / "srv", "user.overlay.opaque", b"y")
    assert changes(t, "liar") == ["C /srv", "A /srv/empty", "A /srv/sub"]
    os.setxattr(upper / "srv/empty", "trusted.overlay.whiteout", b"y")
    os.setxattr(upper / "srv", "trusted.overlay.opaque", b"y")
    assert changes(t, "liar") == ["C /srv", "D /srv/gone", "D /srv/kept", "A /srv/sub"]


@test(needs=[root])
def name_without_changes_to_show_is_told(t):
    refused(t, ["diff", "nobody-made-me"], FAILED, "nobody-made-me")
    refused(t, ["diff", "../etc"], FAILED, "../etc")
    refused(t, ["diff"], FAILED, "NAME")
    container = Container(t, base(t), "/bin/payload", "say", "up", "sleep-forever", options=["--overlay=none"])
    container.out.expect("^up$")
    refused(t, ["diff", container.name], FAILED, container.name, "--overlay=none")


@test(needs=[root])
def layer_that_is_gone_is_told(t):
    base_ = base(t)
    kept(t, "lost", base_, "touch /x")
    base_.rename(t.dir / "moved")
    refused(t, ["diff", "lost"], FAILED, base_)


@test(needs=[root])
def ordinary_user_sees_what_his_own_changed(t):
    base_ = base(t)
    program, env = ordinary(t)
    check(t, ["chown", "-Rh", f"{NOBODY}:{NOBODY}", base_])
    script = "rm -r /opt/tree; mkdir /opt/tree; touch /opt/tree/new /x; rm /srv/gone; chmod 0 /x"
    expected = in_order(["C /opt", "C /opt/tree", "D /opt/tree/deep", "D /opt/tree/other", "A /opt/tree/new", "C /srv",
                         "D /srv/gone", "A /x"])
    check(t, [*program, "run", "--overlay=persistent", "mine", base_, "sh", "-c", script], env=env)
    assert in_order(check(t, [*program, "diff", "mine"], env=env).splitlines()) == expected


@test(needs=[root])
def ordinary_user_sees_into_what_a_running_container_closed(t):
    base_ = base(t)
    program, env = ordinary(t)
    check(t, ["chown", "-Rh", f"{NOBODY}:{NOBODY}", base_])
    process = Process(t, [*program, "run", "mine", base_, "sh", "-c",
                          "mkdir -p /srv/in; touch /srv/in/side; chmod 0 /srv/in /srv; echo up; exec payload sleep-forever"], env=env)
    process.out.expect("^up$")
    assert check(t, [*program, "diff", "mine"], env=env).splitlines() == ["C /srv", "A /srv/in", "A /srv/in/side"]
    check(t, [*program, "stop", "mine"], env=env)
    result = run(t, [*program, "diff", "mine"], env=env)
    assert result.status == FAILED and "mine" in result.err, repr(result)
