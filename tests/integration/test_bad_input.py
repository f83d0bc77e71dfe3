"""What a user can get wrong, and what a host can lack: each ends with one line that says what, which path and
why, with the documented exit status, and leaves nothing behind."""

import os
import random
import subprocess

from container import Container, environment
from harness import root, test, userns
from host import Snapshot
from process import check, run
from root import BERTH, BERTH_INIT, NOBODY, boot_root, busybox_root, copied, write_files

FAILED = 125


def refused(t, words, status, *named, prefix=(), env=None, program=BERTH):
    """Runs `berth WORDS`: it must exit with status, say one line on standard error with all of `named` in it,
    and leave nothing behind. Returns the line."""
    before = Snapshot()
    result = run(t, [*prefix, program, *words], env=env or environment())
    Snapshot().assert_nothing_left_behind(before)
    assert result.status == status, repr(result)
    lines = result.err.splitlines()
    assert len(lines) == 1, f"not one line: {result.err!r}"
    assert lines[0].startswith(("berth: ", "berth-init: ")), lines[0]
    for name in named:
        assert str(name) in lines[0], f"{name} is not named: {lines[0]}"
    assert not result.out, repr(result)
    return lines[0]


# The root

@test(needs=[root])
def root_that_does_not_exist(t):
    refused(t, ["run", "bad", t.dir / "nowhere", "true"], FAILED, t.dir / "nowhere", "No such file or directory")


@test(needs=[root])
def root_that_is_a_file(t):
    write_files(t.dir, {"file": "x"})
    refused(t, ["run", "bad", t.dir / "file", "true"], FAILED, t.dir / "file", "directory")


@test(needs=[root])
def one_of_several_roots_that_does_not_exist(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "bad", f"{t.dir}/nowhere:{base}", "true"], FAILED, t.dir / "nowhere")


@test(needs=[root])
def empty_root_has_no_command(t):
    (t.dir / "empty").mkdir()
    refused(t, ["run", "bad", t.dir / "empty", "/bin/true"], 127, "/bin/true")


@test(needs=[root])
def command_that_is_not_in_the_root(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "bad", base, "/no/such/command"], 127, "/no/such/command")
    refused(t, ["run", "bad", base, "no-such-command"], 127, "no-such-command")


@test(needs=[root])
def command_that_cannot_be_executed(t):
    base = busybox_root(t.dir / "root", files={"bin/plain": "text"})
    refused(t, ["run", "bad", base, "/bin/plain"], 126, "/bin/plain", "Permission denied")
    refused(t, ["run", "bad", base, "/bin"], 126, "/bin")



# Words

@test(needs=[root], each=["a/b", "/", "", ".", "..", "x" * 300, "two words", "new\nline", "-", "ü", "a\x7f"])
def name_that_is_none(t, name):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "--", name, base, "true"], FAILED)


@test(needs=[root])
def option_that_does_not_exist(t):
    refused(t, ["run", "--no-such-option", "bad", "/"], FAILED, "--no-such-option")


@test(needs=[root])
def verb_that_does_not_exist(t):
    refused(t, ["no-such-verb"], FAILED, "no-such-verb")


@test(needs=[root])
def words_that_are_missing(t):
    refused(t, ["run"], FAILED)
    refused(t, ["run", "bad"], FAILED)


@test(needs=[root])
def words_that_are_too_many(t):
    refused(t, ["list", "surplus"], FAILED, "surplus")


@test(needs=[root], each=["list", "--help"])
def output_that_cannot_be_written_is_an_error(t, word):
    for closed in (">/dev/full", ">&-"):
        refused(t, [f'exec "$0" {word} {closed}', BERTH], FAILED, "standard output", prefix=["sh"], program="-c")


@test(needs=[root])
def terminal_of_a_container_is_written_behind_what_a_file_has(t):
    base = busybox_root(t.dir / "root")
    script = f'(echo before; "$0" run -t file {base} echo inside) >{t.dir}/file </dev/null'
    check(t, ["sh", "-c", script, BERTH], env=environment())
    assert (t.dir / "file").read_text().splitlines() == ["before", "inside"]


@test(needs=[root], each=["--memory=lots", "--memory=-1", "--tasks=", "--cpus=many", "--stop-timeout=soon", "--bind=relative:/x",
                          "--bind=/nowhere-at-all:/x", "--userns=0:", "--user=nosuchuser", "--cap-add=NOT_A_CAP",
                          "--overlay=sometimes", "--network=magic", "--env==x", "--hostname=" + "h" * 65,
                          "--unit-file=/nowhere/at/all.service"])
def value_that_an_option_does_not_take(t, option):
    base = busybox_root(t.dir / "root")
    key, value = option.split("=", 1)
    line = refused(t, ["run", option, "bad", base, "true"], FAILED)
    assert key in line or (value and value.split(":")[0] in line), f"neither {key} nor {value} is named: {line}"


@test(needs=[root])
def user_that_the_root_does_not_know(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "--user=1000x", "bad", base, "true"], FAILED, "1000x")


@test(needs=[root], timeout=60)
def random_words_never_crash_it(t):
    rng = random.Random(7)
    pieces = ["run", "-", "--memory", "--bind", "exec", "=", "--user=", "\\", ":", "x" * 5000, "%s%n", "--tmpfs=", "-v", "\xff", "9" * 40]
    before = Snapshot()
    for _ in range(200):
        words = [rng.choice(pieces) for _ in range(rng.randrange(1, 6))]
        # The root, if there happens to be one, is a word that does not exist.
        result = run(t, [BERTH, rng.choice(["run", "exec", "status", "kill", "stop"]), *words], env=environment())
        assert result.status < 128, repr(result)
    Snapshot().assert_nothing_left_behind(before)


# Units

@test(needs=[root])
def unit_files_of_random_bytes_do_not_end_the_container(t):
    rng = random.Random(3)
    good = "[Service]\nExecStart=/bin/payload say alive sleep-forever\n[Install]\nWantedBy=multi-user.target\n"
    noise = {f"noise{n}.service": rng.randbytes(2000) + b"[Install]\n" for n in range(10)}
    before = Snapshot()
    container = Container(t, boot_root(t.dir / "root", {**noise, "good.service": good}))
    container.out.expect("alive$")
    container.stop()
    assert container.wait() == 0
    Snapshot().assert_nothing_left_behind(before)


# The host

def small_tmpfs(t, options):
    """A mount for the upper layer, gone at the end of the test."""
    directory = t.dir / "small"
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=True)
    t.defer(subprocess.run, ["umount", directory], check=True)
    return directory


@test(needs=[root])
def file_system_under_the_upper_is_read_only(t):
    base = busybox_root(t.dir / "root")
    small = small_tmpfs(t, "size=1m")
    for name in ("upper", "work"):
        (small / name).mkdir()
    check(t, ["mount", "-o", "remount,ro", small])
    refused(t, ["run", f"--upper={small}/upper", f"--work={small}/work", "bad", base, "true"], FAILED,
            f"{small}/", "Read-only file system")


@test(needs=[root])
def file_system_under_the_upper_is_full(t):
    base = busybox_root(t.dir / "root")
    small = small_tmpfs(t, "size=64k,nr_inodes=8")
    for name in ("upper", "work"):
        (small / name).mkdir()
    for n in range(8):
        try:
            (small / f"filler{n}").write_bytes(b"x" * 65536)
        except OSError:
            break
    refused(t, ["run", f"--upper={small}/upper", f"--work={small}/work", "bad", base, "true"], FAILED, f"{small}/")


@test(needs=[root])
def upper_and_work_on_different_file_systems(t):
    base = busybox_root(t.dir / "root")
    small = small_tmpfs(t, "size=1m")
    (small / "work").mkdir()
    (t.dir / "upper").mkdir()
    refused(t, ["run", f"--upper={t.dir}/upper", f"--work={small}/work", "bad", base, "true"], FAILED,
            f"{t.dir}/upper", f"{small}/work")


@test(needs=[root])
def runtime_directory_is_read_only(t):
    base = busybox_root(t.dir / "root")
    script = 'mount -t tmpfs -o ro tmpfs /run && exec "$@"'
    refused(t, ["run", "bad", base, "true"], FAILED, "/run/berth", "Read-only file system",
            prefix=["unshare", "--mount", "sh", "-c", script, "sh"])


@test(needs=[root], each=["sys_admin", "setpcap"])
def capability_is_missing(t, name):
    base = busybox_root(t.dir / "root")
    prefix = ["setpriv", f"--bounding-set=-{name}", "--inh-caps=-all"]
    line = refused(t, ["run", "bad", base, "true"], FAILED, prefix=prefix)
    assert name in line.lower(), f"the capability is not named: {line}"


@test(needs=[root])
def limit_that_cannot_be_honoured_is_an_error(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "--cgroup-manager=none", "--memory=64M", "bad", base, "true"], FAILED, "emory")


@test(needs=[root])
def init_that_is_missing_is_named(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "bad", base, "true"], FAILED, t.dir / "no-init",
            env=environment(BERTH_INIT=str(t.dir / "no-init")))
    refused(t, ["run", "bad", base, "true"], FAILED, t.dir, env=environment(BERTH_INIT=str(t.dir)))


@test(needs=[root])
def host_without_proc_is_told(t):
    base = busybox_root(t.dir / "root")
    refused(t, ["run", "bad", base, "true"], FAILED, "mount /proc",
            prefix=["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"])


@test(needs=[root, userns])
def host_without_user_namespaces_is_told(t):
    base = busybox_root(t.dir / "root")
    (t.dir / "runtime").mkdir()
    os.chown(t.dir / "runtime", NOBODY, NOBODY)
    # In a user namespace that allows no further one, clone() fails as on a host where they are switched off.
    script = ('echo 0 > /proc/sys/user/max_user_namespaces && '
              'exec setpriv --ambient-caps=-all --inh-caps=-all -- "$@"')
    refused(t, ["run", "bad", base, "true"], FAILED, "user namespace", program=copied(t, BERTH),
            prefix=["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--",
                    "unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", script, "sh"],
            env=environment(XDG_RUNTIME_DIR=f"{t.dir}/runtime", XDG_STATE_HOME=f"{t.dir}/runtime",
                            BERTH_INIT=str(copied(t, BERTH_INIT))))
