"""The overlay: who may have an upper, what vanishes, what stays, and what the host never sees."""

import os
import pathlib
import select
import signal
import subprocess

from container import Container, berth, environment
from harness import Skip, root, test
from host import STATE_DIR
from process import check, run
from root import BERTH, BERTH_INIT, NOBODY, busybox_root, copied, tree_state, write_files
from test_bad_input import FAILED, refused, small_tmpfs

STAYS = ("/bin/payload", "say", "up", "sleep-forever")


def base(t, name="root", files=None):
    return busybox_root(t.dir / name, files=files)


def places(directory):
    """The options that keep changes below a directory."""
    return [f"--upper={directory}/upper", f"--work={directory}/work"]


# One container a time

@test(needs=[root], timeout=60)
def upper_that_another_container_uses_names_that(t):
    base_ = base(t)
    first = Container(t, base_, *STAYS, options=places(t.dir))
    first.out.expect("^up$")
    for words in (places(t.dir), [f"--upper={t.dir}/upper", f"--work={t.dir}/other"],
                  [f"--upper={t.dir}/work", f"--work={t.dir}/other"]):
        refused(t, ["run", *words, "second", base_, "true"], FAILED, t.dir, "in use", f"berth stop {first.name}")
    assert not (t.dir / "other").exists(), "a directory is left behind"
    first.stop()
    assert berth(t, "run", *places(t.dir), "second", base_, "true").status == 0


@test(needs=[root], timeout=60, each=["persistent", "upper"])
def name_and_upper_are_free_after_any_end(t, kind):
    base_ = base(t)
    options = ["--overlay=persistent"] if kind == "persistent" else places(t.dir)
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / "again"])
    for n in range(8):
        container = Container(t, base_, *STAYS, options=options, name="again")
        container.out.expect("^up$")
        match n % 4:
            case 0:
                container.stop()
            case 1:
                container.berth("kill", "--signal=KILL")
                container.wait()
            case 2:
                container.process.signal(signal.SIGTERM)
                container.wait()
            case 3:
                container.process.signal(signal.SIGKILL)
                container.process.wait()
    assert berth(t, "run", *options, "again", base_, "true").status == 0


@test(needs=[root], each=["again", "other"])
def pid_1_of_a_killed_monitor_is_gone_before_the_next_begins(t, name):
    """It has 300 MiB to give back, which takes longer than a start does."""
    base_ = base(t)
    first = Container(t, base_, "/bin/payload", "eat-memory", "300", "sleep-forever", options=places(t.dir), name="again")
    first.out.expect("^ate$")
    leader = os.pidfd_open(first.leader())
    t.defer(os.close, leader)
    first.process.signal(signal.SIGKILL)
    first.process.wait()
    result = berth(t, "run", *places(t.dir), name, base_, "true")
    assert result.status == 0, repr(result)
    assert select.select([leader], [], [], 0)[0], "PID 1 of the first was still there"
    assert berth(t, "run", "again", base_, "true").status == 0, "the name is not free"


# An upper that cannot be one

@test(needs=[root], timeout=60)
def upper_and_work_that_lie_badly(t):
    base_ = base(t)
    inside, beside, above = base_ / "var", t.dir / "beside", t.dir
    for upper, work, named in (
            (inside / "u", beside / "w", "outside of it"), (beside / "u", inside / "w", "outside of it"),
            (base_, beside / "w", "outside of it"), (beside / "u", beside / "u" / "w", "in one another"),
            (beside / "w" / "u", beside / "w", "in one another"), (beside / "u", beside / "u", "in one another"),
            (above, beside / "w", "in one another"), (beside / "u", beside / "file" / "w", "Not a directory"),
            (beside / "file", beside / "w", "Not a directory")):
        for directory in (beside, beside / "u", beside / "w"):
            directory.mkdir(exist_ok=True)
        (beside / "file").touch()
        refused(t, ["run", f"--upper={upper}", f"--work={work}", "bad", base_, "true"], FAILED, t.dir, named)
    assert sorted(path.name for path in inside.iterdir()) == ["www"], "something was left in the root"


@test(needs=[root])
def root_that_lies_in_the_upper(t):
    (t.dir / "up").mkdir()
    base_ = base(t, "up/root")
    refused(t, ["run", f"--upper={t.dir}/up", f"--work={t.dir}/work", "bad", base_, "true"], FAILED, t.dir / "up", "lies in")


@test(needs=[root])
def upper_on_an_overlay_is_told(t):
    base_ = base(t)
    small = small_tmpfs(t, "size=1m")
    for name in ("lower", "upper", "work", "merged"):
        (small / name).mkdir()
    check(t, ["mount", "-t", "overlay", "-o", f"lowerdir={small}/lower,upperdir={small}/upper,workdir={small}/work",
              "overlay", small / "merged"])
    t.defer(subprocess.run, ["umount", small / "merged"], check=True)
    refused(t, ["run", *places(small / "merged"), "bad", base_, "true"], FAILED, small / "merged", "an overlay", "ext4")
    assert not list((small / "merged").iterdir())


@test(needs=[root])
def upper_behind_a_bind_mount_is_another_file_system(t):
    base_ = base(t)
    small = small_tmpfs(t, "size=1m")
    for name in ("upper", "work"):
        (small / name).mkdir()
    check(t, ["mount", "--bind", small / "work", small / "work"])
    t.defer(subprocess.run, ["umount", small / "work"], check=True)
    refused(t, ["run", *places(small), "bad", base_, "true"], FAILED, small / "upper", small / "work", "different")


@test(needs=[root], timeout=60)
def start_that_fails_leaves_no_upper_behind(t):
    base_ = base(t)
    for options in (["--overlay=persistent"], places(t.dir)):
        for step in ("upper", "record", "root", "pivot"):
            refused(t, ["run", *options, "bad", base_, "true"], FAILED, "on demand", env=environment(BERTH_FAIL_STEP=step))
    assert not (t.dir / "upper").exists() and not (t.dir / "work").exists()


# Layers

def out_of(t, root_, script, *options, **popen):
    """What a shell script in a container of its own printed; it must succeed."""
    result = Container(t, root_, "sh", "-c", script, options=options, **popen).process.finish(deadline=30)
    assert result.status == 0, repr(result)
    return result.out


@test(needs=[root], each=["a,b", "a\\b", "a b", "a\nb", "x" * 255, "\x01\xff", "upperdir=", "%s", ".hidden"])
def odd_names_of_several_layers_work(t, name):
    base_ = base(t)
    odd = os.fsdecode(name.encode("latin-1"))
    write_files(t.dir / "top" / odd, {"which": "top\n"})
    write_files(t.dir / "below" / odd, {"which": "below\n", "only": "below\n"})
    escaped = odd.replace("\\", "\\\\")
    assert out_of(t, f"{t.dir}/top/{escaped}:{t.dir}/below/{escaped}:{base_}", "cat /which /only") == "top\nbelow\n"
    assert out_of(t, base_, "echo x >/w; cat /w", *places(t.dir / "top" / odd)) == "x\n"
    assert (t.dir / "top" / odd / "upper/w").exists()


@test(needs=[root], timeout=60)
def a_hundred_layers_keep_their_order(t):
    base_ = base(t)
    layers = [t.dir / f"layer{n}" for n in range(100)]
    for n, layer in enumerate(layers):
        write_files(layer, {"which": f"{n}\n", f"own{n}": ""})
    out = out_of(t, ":".join(map(str, [*layers, base_])), "cat /which; ls -d /own* | wc -l")
    assert out == "0\n100\n", out


@test(needs=[root])
def layers_are_found_by_relative_paths_links_and_dots(t):
    base(t, files={"only": "yes\n"})
    write_files(t.dir / "top", {"which": "top\n"})
    os.symlink("top", t.dir / "link")
    assert out_of(t, "link:top/../root/.", "cat /which /only", cwd=t.dir) == "top\nyes\n"


@test(needs=[root])
def layer_that_is_none_is_named(t):
    base_ = base(t)
    write_files(t.dir, {"file": ""})
    os.symlink("nowhere", t.dir / "dangling")
    os.symlink("loop", t.dir / "loop")
    for layer, why in (("nowhere", "No such file"), ("file", "directory"), ("dangling", "No such file"),
                       ("loop", "symbolic links"), ("file/..", "Not a directory"), ("y" * 300, "too long")):
        refused(t, ["run", "bad", f"{base_}:{t.dir}/{layer}", "true"], FAILED, why, layer)
    for words in (f"{base_}:", f":{base_}", f"{base_}::{base_}"):
        refused(t, ["run", "bad", words, "true"], FAILED, words, "empty")


@test(needs=[root])
def layer_named_twice_is_told(t):
    base_ = base(t)
    refused(t, ["run", "bad", f"{base_}:{base_}", "true"], FAILED, base_, "twice")


# What can be written

@test(needs=[root])
def full_ephemeral_upper_is_enospc_inside_and_nothing_outside(t):
    before = os.statvfs("/dev/shm").f_bfree
    out = out_of(t, base(t), "dd if=/dev/zero of=/hog bs=64k 2>&1 | grep -o 'No space left'; "
                 "[ $(stat -c %s /hog) -le 4194304 ] && echo bounded; rm /hog; echo x >/again && cat /again", "--size=4M")
    assert out == "No space left\nbounded\nx\n", out
    assert os.statvfs("/dev/shm").f_bfree == before


@test(needs=[root], each=["ephemeral", "persistent", "upper", "none"])
def read_only_root_of_each_kind_refuses_writes(t, kind):
    base_ = base(t)
    before = tree_state(base_)
    options = places(t.dir) if kind == "upper" else [f"--overlay={kind}"]
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / "fixed"])
    out = out_of(t, base_, "for d in / /etc /root; do touch $d/x 2>/dev/null || echo refused; done; touch /run/x /tmp/x && echo ok",
                 "--read-only", *options, name="fixed")
    assert out == "refused\n" * 3 + "ok\n"
    assert tree_state(base_) == before


@test(needs=[root])
def read_only_covers_what_is_mounted_in_the_root(t):
    base_ = base(t)
    (base_ / "srv").mkdir()
    check(t, ["mount", "-t", "tmpfs", "tmpfs", base_ / "srv"])
    t.defer(subprocess.run, ["umount", base_ / "srv"], check=True)
    assert out_of(t, base_, "touch /srv/x 2>/dev/null || echo refused", "--overlay=none", "--read-only") == "refused\n"
    assert out_of(t, base_, "touch /srv/x && echo written", "--overlay=none") == "written\n"


@test(needs=[root], each=["host", "userns"])
def scratch_directory_is_used_and_emptied_by_any_end(t, kind):
    base_ = base(t)
    scratch = t.dir / "scratch"
    scratch.mkdir()
    options = [f"--scratch={scratch}", *(["--userns=auto"] if kind == "userns" else [])]
    script = "mkdir -p /a/b; echo x >/a/b/c; chmod 0 /a; rm /etc/group; echo up; exec payload sleep-forever"
    for end in ("stop", "kill", "monitor"):
        container = Container(t, base_, "sh", "-c", script, options=options, name="scratched")
        container.out.expect("^up$")
        [place] = scratch.iterdir()
        assert (place / "upper/a/b/c").read_text() == "x\n" and place.stat().st_mode & 0o77 == 0
        assert "A /a/b/c" in berth(t, "diff", "scratched").out.splitlines()
        if end == "monitor":
            container.process.signal(signal.SIGKILL)
            container.process.wait()
            assert berth(t, "run", "scratched", base_, "ls", "/a").status != 0
        else:
            container.berth(*(["stop"] if end == "stop" else ["kill", "--signal=KILL"]))
            container.wait()
        assert not list(scratch.iterdir()), end
    refused(t, ["run", *options, "bad", base_, "true"], FAILED, "on demand", env=environment(BERTH_FAIL_STEP="pivot"))
    assert not list(scratch.iterdir())


@test(needs=[root])
def scratch_that_cannot_be_is_told(t):
    base_ = base(t)
    refused(t, ["run", f"--scratch={t.dir}/nowhere", "bad", base_, "true"], FAILED, t.dir / "nowhere", "No such file")
    refused(t, ["run", f"--scratch={base_}", "bad", base_, "true"], FAILED, base_, "outside of it")
    for option in ("--size=4M", "--overlay=persistent", "--overlay=none"):
        refused(t, ["run", f"--scratch={t.dir}", option, "bad", base_, "true"], FAILED, "--scratch")
    assert sorted(os.listdir(base_))[0] == "bin", "something is left in the root"


# The host as the root

def mounted(t, directory):
    """A file system of the host's own below /."""
    directory.mkdir()
    t.defer(directory.rmdir)
    check(t, ["mount", "-t", "tmpfs", "tmpfs", directory])
    t.defer(subprocess.run, ["umount", directory], check=True)
    return directory


@test(needs=[root], timeout=60, each=["ephemeral", "upper"])
def copy_of_the_host_is_thrown_away(t, kind):
    other = mounted(t, pathlib.Path("/srv") / f"berth test {os.getpid()}")
    write_files(other, {"mine": "on another file system\n"})
    write_files(STATE_DIR / "somebody", {"upper/secret": "of another container"})
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / "somebody"])
    write_files(t.dir, {"here": "in the host's /tmp"})
    (other / "places").mkdir()
    out = out_of(t, "/", f"""
        cmp /etc/passwd /proc/1/root/etc/passwd && grep -c ^root: /etc/passwd
        echo gone > /etc/berth-test && rm -f /etc/hostname && cat /etc/berth-test
        ls -A /tmp /run/berth | grep -v '^$'
        ls -A {STATE_DIR}
        cat '{other}/mine'; touch '{other}/x' 2>/dev/null || echo refused
        ls -A '{other}/places'
        ls /proc/1/root/proc/self/fd >/dev/null && [ -c /dev/null ] && echo own""",
                 *(places(other / "places") if kind == "upper" else []))
    assert out.splitlines() == ["1", "gone", "/run/berth:", "berth-init", "bin", "/tmp:", "on another file system",
                                "refused", *(["upper", "work"] if kind == "upper" else []), "own"], out
    assert not os.path.exists("/etc/berth-test")


@test(needs=[root])
def upper_inside_the_hosts_root_is_not_seen_in_its_copy(t):
    place = pathlib.Path("/srv") / f"berth-test-{os.getpid()}"
    place.mkdir()
    t.defer(subprocess.run, ["rm", "-rf", place])
    assert out_of(t, "/", f"touch /srv/made; cat {place}/*/srv/made 2>/dev/null || echo hidden", *places(place)) == "hidden\n"
    assert (place / "upper/srv/made").exists()


# Ordinary users

def ordinary(t):
    """The words that make an ordinary user of us, berth and its environment for him."""
    runtime = t.dir / "runtime"
    runtime.mkdir()
    os.chown(runtime, NOBODY, NOBODY)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    if run(t, [*as_nobody, "unshare", "--user", "--map-root-user", "true"]).status != 0:
        raise Skip("ordinary users get no user namespace on this host")
    env = environment(HOME=str(runtime), XDG_RUNTIME_DIR=str(runtime), XDG_STATE_HOME=str(runtime / "kept"),
                      BERTH_INIT=str(copied(t, BERTH_INIT)))
    return [*as_nobody, copied(t, BERTH)], env


@test(needs=[root])
def ordinary_user_is_told_what_his_overlay_cannot_take(t):
    program, env = ordinary(t)
    result = run(t, [*program, "run", "mine", "/", "true"], env=env)
    assert result.status == FAILED and "mounted in it" in result.err and "--overlay=none" in result.err, repr(result)
    assert len(result.err.splitlines()) == 1, result.err
    result = run(t, [*program, "run", "--overlay=none", "--read-only", "mine", "/", "sh", "-c", "id -u; touch /tmp/x && echo own"],
                 env=env)
    assert (result.status, result.out) == (0, "0\nown\n"), repr(result)


@test(needs=[root])
def layer_that_an_ordinary_user_cannot_read_is_named(t):
    program, env = ordinary(t)
    base_ = base(t)
    base_.chmod(0o700)
    (t.dir / "closed/in").mkdir(parents=True)
    (t.dir / "closed").chmod(0o700)
    result = run(t, [*program, "run", "mine", t.dir / "closed/in", "true"], env=env)
    assert result.status == FAILED and str(t.dir / "closed/in") in result.err and "Permission denied" in result.err, repr(result)
    result = run(t, [*program, "run", "mine", base_, "true"], env=env)
    assert result.status in (FAILED, 126, 127) and len(result.err.splitlines()) == 1 and "ermission denied" in result.err, repr(result)


@test(needs=[root])
def changes_of_an_ordinary_user_stay_and_replace_directories(t):
    program, env = ordinary(t)
    base_ = base(t, files={"srv/old": "", "srv/sub/x": ""})
    check(t, ["chown", "-Rh", f"{NOBODY}:{NOBODY}", base_])
    words = [*program, "run", "--overlay=persistent", "mine", base_, "sh", "-c"]
    check(t, [*words, "rm -r /srv; mkdir /srv; touch /srv/new; rm /etc/group"], env=env)
    assert check(t, [*words, "ls -A /srv; ls /etc/group 2>/dev/null || echo gone"], env=env) == "new\ngone\n"
    result = run(t, [*program, "run", *places(t.dir / "runtime"), "mine", base_, "sh", "-c", "echo x >/w"], env=env)
    assert result.status == 0 and (t.dir / "runtime/upper/w").exists(), repr(result)
