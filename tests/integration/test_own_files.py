"""The files of /etc that berth makes for a container: in a layer of its own, never in the image."""

import os
import pathlib
import re
import subprocess

from container import Container, berth
from harness import root, test
from host import STATE_DIR
from root import busybox_root, tree_state
from test_overlay import out_of

NAMES = ("hostname", "hosts", "resolv.conf", "machine-id")
HOSTILE = {"hosts": "../../../../etc/shadow", "hostname": "/etc/hostname", "resolv.conf": "/proc/1/root/etc/resolv.conf",
           "machine-id": "/etc/machine-id"}


def host_files():
    return {name: (pathlib.Path("/etc") / name).read_bytes() for name in (*NAMES, "shadow") if (pathlib.Path("/etc") / name).exists()}


@test(needs=[root])
def files_tell_a_container_who_and_where_it_is(t):
    base = busybox_root(t.dir / "root")
    before = tree_state(base)
    out = out_of(t, base, "cat /etc/hostname /etc/machine-id; grep -w localhost /etc/hosts | head -n 1; "
                 "grep -cw told /etc/hosts; wc -c < /etc/resolv.conf; cat /run/host/container-uuid", "--hostname=told")
    name, machine, localhost, known, resolvers, uuid = out.splitlines()
    assert (name, known, resolvers) == ("told", "1", "0") and localhost.startswith("127.0.0.1"), out
    assert re.fullmatch("[0-9a-f]{32}", machine) and machine == uuid, out
    assert tree_state(base) == before


@test(needs=[root])
def network_of_the_host_comes_with_its_resolvers(t):
    out = out_of(t, busybox_root(t.dir / "root"), "cat /etc/resolv.conf", "--network=host")
    resolvers = pathlib.Path("/etc/resolv.conf")
    assert out == (resolvers.read_text() if resolvers.exists() else "")


@test(needs=[root])
def files_of_the_image_that_are_its_own_stay(t):
    machine = "0123456789abcdef" * 2
    base = busybox_root(t.dir / "root", files={"etc/hosts": "10.0.0.1 router", "etc/machine-id": f"{machine}\n",
                                               "etc/resolv.conf": "nameserver 10.9.9.9\n"})
    (base / "etc").chmod(0o710)
    os.chown(base / "etc", 33, 33)
    out = out_of(t, base, "cat /etc/hosts /etc/machine-id; wc -c < /etc/resolv.conf; stat -c '%a %u %g' /etc; cat /etc/group | head -n 1",
                 "--hostname=own")
    assert out.splitlines() == ["10.0.0.1 router", "127.0.1.1\town", machine, "0", "710 33 33", "root:x:0:"], out
    assert (base / "etc/hosts").read_text() == "10.0.0.1 router"


@test(needs=[root])
def what_a_persistent_container_writes_stays_and_its_id_too(t):
    base = busybox_root(t.dir / "root")
    t.defer(subprocess.run, ["rm", "-rf", STATE_DIR / "kept"])
    def ids(script):
        result = berth(t, "run", "--overlay=persistent", "kept", base, "sh", "-c", script)
        assert result.status == 0, repr(result)
        return result.out
    first = ids("cat /etc/machine-id; echo mine > /etc/hosts; rm /etc/resolv.conf")
    assert ids("cat /etc/machine-id /etc/hosts; ls /etc/resolv.conf 2>/dev/null || echo gone") == f"{first}mine\ngone\n"
    assert "A /etc/hosts" in berth(t, "diff", "kept").out.splitlines()


@test(needs=[root])
def nothing_that_berth_made_is_a_change(t):
    (t.dir / "empty").mkdir()
    container = Container(t, t.dir / "empty", options=["--boot"], detach=True)
    result = berth(t, "diff", container.name)
    assert (result.status, result.out) == (0, ""), repr(result)
    assert not list((t.dir / "empty").iterdir())


@test(needs=[root], each=["files", "etc", "etc-up", "etc-file"])
def links_in_their_place_change_nothing_outside(t, kind):
    base = busybox_root(t.dir / "root")
    if kind == "files":
        for name, target in HOSTILE.items():
            os.symlink(target, base / "etc" / name)
    else:
        (base / "etc").rename(base / "real")
        if kind == "etc-file":
            (base / "etc").write_text("")
        else:
            os.symlink("/real" if kind == "etc" else "../../../../../../etc", base / "etc")
    before, tree = host_files(), tree_state(base)
    result = Container(t, base, "/bin/busybox", "sh", "-c", "cat /etc/hostname; echo up", options=["--hostname=inside"]).process.finish()
    assert result.status == 0 and result.out.endswith("up\n"), repr(result)
    if kind == "files":
        assert result.out == "inside\nup\n"
    assert host_files() == before and tree_state(base) == tree


@test(needs=[root])
def root_itself_is_left_alone(t):
    base = busybox_root(t.dir / "root", files={"etc/hosts": "as it was\n"})
    before = tree_state(base)
    assert out_of(t, base, "cat /etc/hosts; ls /etc/hostname 2>/dev/null || echo none", "--overlay=none") == "as it was\nnone\n"
    assert tree_state(base) == before


@test(needs=[root])
def copy_of_the_host_is_another_machine(t):
    own = pathlib.Path("/etc/machine-id")
    out = out_of(t, "/", "cat /etc/machine-id /etc/hostname", "--hostname=copy")
    assert out.endswith("\ncopy\n") and (not own.exists() or not out.startswith(own.read_text().strip() or "-")), out
