"""The overlay: who may have an upper, what vanishes, what stays, and what the host never sees."""

import os
import pathlib
import select
import signal
import subprocess

from container import Container, berth, environment
from harness import root, test, wait_for
from host import STATE_DIR
from process import check
from root import busybox_root
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


@test(needs=[root])
def looking_at_a_name_does_not_take_it(t):
    base_ = base(t)
    (pathlib.Path("/run/berth") / "seen").mkdir()
    look = subprocess.Popen(["sh", "-c", "exec flock --shared /run/berth/seen/lock sh -c 'echo held; read x'"],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    t.defer(look.wait)
    t.defer(look.stdin.close)
    assert look.stdout.readline() == b"held\n"
    container = Container(t, base_, "true", name="seen")
    wait_for(lambda: "flock" in pathlib.Path(f"/proc/{container.process.pid}/wchan").read_text()
             or container.process.is_running(), "the start")
    look.stdin.write(b"\n")
    look.stdin.close()
    assert container.wait() == 0


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
