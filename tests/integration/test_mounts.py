"""What is mounted into a container: --bind, --tmpfs and --mount, with the host's user ids and with others."""

import os
import threading

from container import berth, environment
from harness import Skip, root, test, userns
from host import Snapshot
from process import check
from root import tree_state, write_files
from test_bad_input import FAILED, refused
from test_run import base, out_of, sh

USERS = ["--userns=host", "--userns=auto"]


def flags_of(target):
    """A script that prints the type and the options of what is mounted there last."""
    return f"awk '$2 == \"{target}\" {{ line = $3 \" \" $4 }} END {{ print line }}' /proc/mounts"


def words(line):
    kind, options = line.split()
    return kind, set(options.split(","))


# tmpfs

@test(needs=[root, userns], each=USERS)
def tmpfs_is_empty_writable_and_gone_afterwards(t, users):
    base_ = base(t, files={"data/below": "hidden\n"})
    before = tree_state(base_)
    out = out_of(t, base_, f"ls /data; echo x > /data/x && stat -c '%a %u' /data; {flags_of('/data')}", users, "--tmpfs=/data")
    mode, line = out.splitlines()
    assert mode == "1777 0", out
    kind, options = words(line)
    assert kind == "tmpfs" and {"rw", "nosuid", "nodev"} <= options and "noexec" not in options, line
    assert tree_state(base_) == before


@test(needs=[root, userns], each=USERS)
def tmpfs_has_the_size_mode_and_owner_asked_for(t, users):
    out = out_of(t, base(t), f"stat -c '%a %u %g' /a\\ b; dd if=/dev/zero of='/a b/x' bs=64k count=32 2>/dev/null || echo full; "
                 f"stat -c %s '/a b/x'; cp /bin/busybox /bin/true '/a b' 2>/dev/null; {flags_of('/a' + chr(92) * 2 + '040b')}",
                 users, "--tmpfs=/a b:size=1M,mode=0710,uid=7,gid=8,noexec")
    lines = out.splitlines()
    assert lines[:3] == ["710 7 8", "full", str(1 << 20)], out
    assert {"noexec", "nosuid", "nodev", "size=1024k"} <= words(lines[3])[1], out


@test(needs=[root])
def tmpfs_is_bounded_without_a_size(t):
    blocks, size = out_of(t, base(t), "stat -f -c '%b %S' /x", "--tmpfs=/x").split()
    memory = int(next(line for line in open("/proc/meminfo") if line.startswith("MemTotal")).split()[1]) << 10
    assert 0 < int(blocks) * int(size) <= memory, (blocks, size)


@test(needs=[root])
def tmpfs_can_be_read_only(t):
    assert sh(t, base(t), "touch /x/y", "--tmpfs=/x:ro").status == 1


@test(needs=[root])
def tmpfs_of_the_containers_own_takes_other_settings(t):
    base_ = base(t)
    for target, mode in (("/tmp", "1777"), ("/run", "755"), ("/dev/shm", "1777")):
        out = out_of(t, base_, f"grep -c ' {target} ' /proc/mounts; stat -c %a {target}; {flags_of(target)}; command -v systemctl",
                     f"--tmpfs={target}:size=4M")
        count, seen, line, tool = out.splitlines()
        assert (count, seen, tool) == ("1", mode, "/run/berth/bin/systemctl"), out
        assert "size=4096k" in line, out


@test(needs=[root])
def programs_of_a_tmpfs_run_unless_it_is_noexec(t):
    base_ = base(t)
    script = "cp /bin/busybox /x/sh && /x/sh -c 'echo ran'"
    assert out_of(t, base_, script, "--tmpfs=/x") == "ran\n"
    assert sh(t, base_, script, "--tmpfs=/x:noexec").status == 126


# binds

@test(needs=[root, userns], each=USERS)
def read_only_bind_covers_what_is_mounted_below(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": "", "data/below/.keep": ""})
    check(t, ["mount", "-t", "tmpfs", "tmpfs", t.dir / "data/below"])
    t.defer(check, t, ["umount", t.dir / "data/below"])
    (t.dir / "data/below/file").write_text("")
    os.chmod(t.dir / "data/file", 0o666)
    os.chmod(t.dir / "data/below/file", 0o666)
    script = "for f in /mnt/file /mnt/below/file; do (echo x > $f) 2>/dev/null && echo $f; done; :"
    assert out_of(t, base_, script, users, f"-v{t.dir}/data:/mnt:ro,rbind") == ""
    assert out_of(t, base_, script, users, f"-v{t.dir}/data:/mnt:rbind") == "/mnt/file\n/mnt/below/file\n"


@test(needs=[root, userns], each=USERS)
def bind_has_the_attributes_asked_for(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": ""})
    for asked, wanted in (("", {"rw", "nodev"}), (":noexec,nosuid", {"noexec", "nosuid", "nodev"}), (":ro,rw", {"rw"}), (":rw,ro", {"ro"})):
        line = out_of(t, base_, flags_of("/mnt"), users, f"--bind={t.dir}/data:/mnt{asked}")
        assert wanted <= words(line)[1], (asked, line)


@test(needs=[root, userns])
def source_behind_a_directory_of_root_is_bound_in_a_user_namespace(t):
    base_ = base(t)
    write_files(t.dir, {"closed/data/file": "seen\n"})
    os.chmod(t.dir / "closed", 0o700)
    assert out_of(t, base_, "cat /mnt/file", "--userns=auto", f"--bind={t.dir}/closed/data:/mnt") == "seen\n"


@test(needs=[root, userns])
def id_mapped_bind_changes_no_owner_on_the_host(t):
    base_ = base(t)
    write_files(t.dir, {"data/file": ""})
    os.chown(t.dir / "data/file", 1234, 1234)
    script = "stat -c '%u %g' /mnt/file; echo x > /mnt/new; chown 55:66 /mnt/new"
    assert out_of(t, base_, script, "--userns=auto", f"--bind={t.dir}/data:/mnt:idmap") == "1234 1234\n"
    new, old = os.stat(t.dir / "data/new"), os.stat(t.dir / "data/file")
    assert (new.st_uid, new.st_gid, old.st_uid, old.st_gid) == (55, 66, 1234, 1234)


@test(needs=[root, userns])
def bind_that_is_not_id_mapped_belongs_to_nobody(t):
    base_ = base(t)
    write_files(t.dir, {"data/file": ""})
    assert out_of(t, base_, "stat -c %u /mnt/file", "--userns=auto", f"--bind={t.dir}/data:/mnt") == "65534\n"


@test(needs=[root])
def idmap_without_a_user_namespace_is_refused(t):
    line = refused(t, ["run", f"-v{t.dir}:/mnt:idmap", "bad", base(t), "true"], FAILED, t.dir)
    assert "--userns=auto" in line


@test(needs=[root, userns], each=USERS)
def colons_and_backslashes_in_paths_are_escaped(t, users):
    base_ = base(t)
    write_files(t.dir, {"a:b,c\\d/file": "seen\n"})
    out = out_of(t, base_, "cat '/x:y/z/file'", users, f"--bind={t.dir}/a\\:b,c\\\\d:/x\\:y/z")
    assert out == "seen\n"
    out = out_of(t, base_, "cat '/x,y/file'", users, f"--mount=type=bind,src={t.dir}/a:b\\,c\\\\d,dst=/x\\,y")
    assert out == "seen\n"


@test(needs=[root, userns], each=USERS)
def source_that_is_a_link_is_what_it_leads_to(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": "seen\n"})
    os.symlink("data/file", t.dir / "link")
    assert out_of(t, base_, "cat /mnt/f; ls -ld /mnt/f | cut -c1", users, f"--bind={t.dir}/link:/mnt/f") == "seen\n-\n"


@test(needs=[root, userns], each=USERS)
def source_that_does_not_exist_is_named(t, users):
    os.symlink("nowhere", t.dir / "dangling")
    base_ = base(t)
    for source in ("nothing", "dangling"):
        for option in (f"--bind={t.dir}/{source}:/mnt", f"--mount=type=bind,source={t.dir}/{source},target=/mnt"):
            refused(t, ["run", users, option, "bad", base_, "true"], FAILED, t.dir / source, "No such file or directory")


@test(needs=[root, userns], each=USERS)
def file_on_a_directory_and_the_reverse_are_told(t, users):
    base_ = base(t, files={"folder/x": "", "file": ""})
    write_files(t.dir, {"data/file": ""})
    refused(t, ["run", users, f"-v{t.dir}/data:/file", "bad", base_, "true"], FAILED, f"{t.dir}/data on /file", "is a directory")
    refused(t, ["run", users, f"-v{t.dir}/data/file:/folder", "bad", base_, "true"], FAILED, f"{t.dir}/data/file on /folder",
            "is no directory")


@test(needs=[root, userns], each=USERS)
def parents_are_mounted_before_what_lies_in_them(t, users):
    base_ = base(t)
    write_files(t.dir, {"outer/inner/x": "", "outer/file": "outer\n", "inner/file": "inner\n"})
    options = [f"-v{t.dir}/inner:/mnt/a/../inner/", f"--bind={t.dir}/outer:/mnt", "--tmpfs=/mnt/inner/deep"]
    os.mkdir(t.dir / "inner/deep")
    for order in (options, options[::-1]):
        out = out_of(t, base_, f"cat /mnt/file /mnt/inner/file; {flags_of('/mnt/inner/deep')}", users, *order)
        assert out.splitlines()[:2] == ["outer", "inner"] and out.splitlines()[2].startswith("tmpfs"), (order, out)


@test(needs=[root])
def target_that_is_asked_for_twice_is_refused(t):
    base_ = base(t)
    for first, second in (("/x", "/x"), ("/x", "//x/."), ("/x/y", "/x/z/../y")):
        refused(t, ["run", f"-v/etc:{first}", f"--tmpfs={second}", "bad", base_, "true"], FAILED, f"mount on {first}", "twice")


@test(needs=[root], each=["/", "/..", "/proc", "//dev/", "/sys"])
def what_is_the_containers_own_is_not_covered(t, target):
    base_ = base(t)
    for option in (f"--tmpfs={target}", f"--bind=/etc:{target}", f"--mount=type=proc,target={target}"):
        refused(t, ["run", option, "bad", base_, "true"], FAILED, os.path.normpath(target).replace("//", "/"), "its own")


@test(needs=[root, userns], each=["absolute", "up", "proc", "loop", "middle"])
def links_at_the_target_stay_in_the_root(t, kind):
    base_ = base(t)
    victim = t.dir / "victim"
    write_files(t.dir, {"data/file": "x", "victim/target/mine": "mine"})
    links = {"absolute": f"{victim}/target", "up": "../" * 20 + f"{victim}/target".lstrip("/"), "proc": "/proc/1/root" + f"{victim}/target",
             "loop": "loop", "middle": str(victim)}
    where = "here" if kind != "loop" else "loop"
    os.symlink(links[kind], base_ / where)
    target = f"/{where}/new/deep" if kind == "middle" else f"/{where}"
    before, seen, image = Snapshot(), tree_state(victim), tree_state(base_)
    for users in USERS:
        for option in (f"--bind={t.dir}/data:{target}", f"--bind={t.dir}/data/file:{target}", f"--tmpfs={target}"):
            result = sh(t, base_, "true", users, option)
            assert result.status in (0, FAILED), repr(result)
            assert result.status == 0 or len(result.err.splitlines()) == 1, repr(result)
    assert tree_state(victim) == seen and tree_state(base_) == image
    Snapshot().assert_nothing_left_behind(before)


@test(needs=[root, userns], each=USERS)
def missing_targets_are_not_made_in_a_lower(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": "x\n"})
    before = tree_state(base_)
    out = out_of(t, base_, "cat /made/here/file /made/file", users, f"--bind={t.dir}/data:/made/here",
                 f"--bind={t.dir}/data/file:/made/file")
    assert out == "x\nx\n" and tree_state(base_) == before


@test(needs=[root], timeout=60)
def target_that_is_renamed_meanwhile_never_leads_to_the_host(t):
    base_ = base(t)
    victim = t.dir / "victim"
    write_files(t.dir, {"data/file": "x", "victim/mine": "mine"})
    (base_ / "a").mkdir()
    os.symlink(victim, base_ / "link")
    over = threading.Event()

    def race():
        while not over.is_set():
            os.rename(base_ / "a", base_ / "b")
            os.rename(base_ / "link", base_ / "a")
            os.rename(base_ / "a", base_ / "link")
            os.rename(base_ / "b", base_ / "a")

    thread = threading.Thread(target=race)
    thread.start()
    try:
        for _ in range(20):
            result = berth(t, "run", "--overlay=none", f"--bind={t.dir}/data:/a/x", f"--tmpfs=/a/y", "racer", base_, "true")
            assert result.status in (0, FAILED), repr(result)
    finally:
        over.set()
        thread.join()
    assert os.listdir(victim) == ["mine"]


@test(needs=[root], each=["relative:/x", "/x", "/a:/b:ro:rw", "/etc:/x:dev", "/etc:/x:shared", "/etc:/x:z", "/etc:/x:U", "/etc:/x:raedonly",
                          "/etc:/x:size=1M", "/etc:/x:", "/etc:/x:ro=perhaps"])
def bind_without_sense_is_refused(t, value):
    refused(t, ["run", f"--bind={value}", "bad", base(t), "true"], FAILED, f"--bind={value}: ")


@test(needs=[root], each=["x", "/x:size=0", "/x:size=lots", "/x:size=101%", "/x:mode=9", "/x:uid=-1", "/x:dev", "/x:rbind", "/x:siez=1M", "/x:ro:rw",
                          "/x:", "/x:idmap"])
def tmpfs_without_sense_is_refused(t, value):
    refused(t, ["run", f"--tmpfs={value}", "bad", base(t), "true"], FAILED, f"--tmpfs={value}: ")


# --mount

@test(needs=[root, userns], each=USERS)
def mount_spells_binds_and_tmpfs_as_docker_and_podman_do(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": "seen\n"})
    for value in (f"type=bind,source={t.dir}/data,target=/mnt,readonly", f"src={t.dir}/data,dst=/mnt,type=bind,ro=true",
                  f"type=bind,src={t.dir}/data,destination=/mnt,readonly=1,bind-propagation=rprivate,consistency=cached"):
        out = out_of(t, base_, f"cat /mnt/file; {flags_of('/mnt')}", users, f"--mount={value}")
        assert out.startswith("seen\n") and "ro" in words(out.splitlines()[1])[1], out
    out = out_of(t, base_, f"stat -c %a /mnt; {flags_of('/mnt')}", users, "--mount", "type=tmpfs,target=/mnt,tmpfs-size=1M,tmpfs-mode=0700")
    assert out.startswith("700\n") and "size=1024k" in out, out


@test(needs=[root, userns], each=USERS)
def mount_makes_the_kernels_file_systems(t, users):
    base_ = base(t)
    for kind in ("proc", "sysfs", "mqueue", "devpts"):
        found, options = words(out_of(t, base_, flags_of("/made/it"), users, f"--mount=type={kind},target=/made/it"))
        assert found == kind and {"nosuid", "noexec"} <= options, (kind, options)
        assert kind != "sysfs" or "ro" in options


@test(needs=[root, userns], each=USERS)
def second_proc_and_sys_show_nothing_that_is_masked(t, users):
    out = out_of(t, base(t), "ls /p | grep -c '[a-z][a-z]' ; ls /p/sys /p/kcore 2>/dev/null; test -d /p/1 && echo processes; "
                 "ls /s/firmware; echo x 2>/dev/null >/s/kernel/uevent_helper || echo refused", users,
                 "--mount=type=proc,target=/p", "--mount=type=sysfs,target=/s,ro=false")
    assert out.split()[1:] == ["processes", "refused"], out


@test(needs=[root, userns], each=USERS)
def overlay_takes_changes_that_vanish(t, users):
    base_ = base(t)
    write_files(t.dir, {"data/file": "host\n", "data/other": "gone\n"})
    os.chmod(t.dir / "data/file", 0o666)
    os.chmod(t.dir / "data", 0o777)
    before = tree_state(t.dir / "data")
    out = out_of(t, base_, f"echo in > /mnt/file; rm /mnt/other; cat /mnt/*; {flags_of('/mnt')}", users,
                 f"--mount=type=overlay,source={t.dir}/data,target=/mnt")
    assert out.startswith("in\noverlay "), out
    assert tree_state(t.dir / "data") == before


@test(needs=[root])
def overlay_of_a_file_is_refused(t):
    write_files(t.dir, {"file": ""})
    refused(t, ["run", f"--mount=type=overlay,source={t.dir}/file,target=/mnt", "bad", base(t), "true"], FAILED, t.dir / "file", "no directory")


@test(needs=[root])
def unknown_key_of_mount_gets_a_suggestion(t):
    base_ = base(t)
    for value, meant in (("type=bind,sorce=/etc,target=/x", "source"), ("type=tmpfs,target=/x,tmpfs-sise=1M", "tmpfs-size"),
                         ("type=bind,source=/etc,target=/x,readonyl", "readonly")):
        refused(t, ["run", f"--mount={value}", "bad", base_, "true"], FAILED, f"is {meant} meant?")


@test(needs=[root], each=["source=/etc,target=/x", "type=volume,source=x,target=/x", "type=magic,target=/x", "type=bind,target=/x", "type=bind,source=/etc",
                          "type=bind,source=etc,target=/x", "type=bind,source=/etc,target=x", "type=bind,source=/etc,target=/x,bind-propagation=shared",
                          "type=bind,source=/etc,target=/x,relabel=shared", "type=tmpfs,source=/x,target=/x", "type=proc,target=/x,rw", "type=tmpfs,target=/x,dst=/y",
                          "type=bind,source=,target=/x", "type=tmpfs,,target=/x", "", "type=tmpfs,target"])
def mount_without_sense_is_refused(t, value):
    refused(t, ["run", f"--mount={value}", "bad", base(t), "true"], FAILED, f"--mount={value}: ")


# Masks

@test(needs=[root, userns], each=USERS)
def masks_share_one_read_only_file_system(t, users):
    out = out_of(t, base(t), "awk '$4 == \"/\" && $9 == \"tmpfs\" && $5 ~ \"^/(proc|sys)/\" { print $3, $6 }' /proc/self/mountinfo; "
                 "awk '$5 ~ \"^/(proc|sys)/\" && / tmpfs / { print $3, $6 }' /proc/self/mountinfo", users)
    lines = {line for line in out.splitlines() if line.split()[1].startswith("ro")}
    assert lines, out
    dev = {line.split()[0] for line in lines}
    assert len(dev) == 1, out


# Devices

def node(t, name, major, minor, mode=0o20666):
    path = t.dir / name
    os.mknod(path, mode, os.makedev(major, minor))
    os.chmod(path, mode & 0o7777)
    return path


@test(needs=[root])
def device_is_the_containers_own_node(t):
    path = node(t, "node", 1, 11, 0o20640)
    os.chown(path, 3, 4)
    out = out_of(t, base(t), "stat -c '%a %u %g %t %T' /dev/deep/er/node; chmod 777 /dev/deep/er/node; chown 9 /dev/deep/er/node; "
                 "awk '$2 == \"/dev/deep/er/node\"' /proc/mounts", f"--device={path}:/dev/deep/er/node")
    assert out == "640 3 4 1 b\n", out
    st = os.stat(path)
    assert (st.st_mode & 0o777, st.st_uid, st.st_gid) == (0o640, 3, 4)


@test(needs=[root, userns])
def node_of_the_host_cannot_be_changed_from_a_user_namespace(t):
    path = node(t, "node", 1, 7)
    out = out_of(t, base(t), "stat -c '%t %T' /dev/node; chmod 700 /dev/node 2>/dev/null || echo kept; head -c 1 /dev/node | wc -c",
                 "--userns=auto", f"--device={path}:/dev/node")
    assert out == "1 7\nkept\n1\n", out
    assert os.stat(path).st_mode & 0o777 == 0o666


@test(needs=[root, userns], each=USERS)
def device_can_be_opened_as_asked_for_and_no_other_one(t, users):
    path = node(t, "node", 10, 229)  # fuse
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as error:
        raise Skip(f"no device to open: {error}") from error
    script = "(: </dev/n) 2>/dev/null && echo read; (: >>/dev/n) 2>/dev/null && echo write; :"
    base_ = base(t)
    for access, wanted in (("", "read write"), (":rwm", "read write"), (":r", "read"), (":w", "write"), (":m", "")):
        out = out_of(t, base_, script, users, f"--device={path}:/dev/n{access}")
        assert out.split() == wanted.split(), (access, out)
    # The same number as a block device, its neighbour, and nothing asked for.
    for options, made in (([f"--device={path}:/dev/n"], "b 10 229"), ([f"--device={path}:/dev/n"], "c 10 228"), ([], "c 10 229")):
        result = sh(t, base_, f"mknod /dev/k {made} && : </dev/k", users, *options)
        assert "Operation not permitted" in result.err, repr(result)


@test(needs=[root])
def device_that_every_container_has_is_no_error(t):
    assert out_of(t, base(t), "stat -c '%t %T' /dev/null", "--device=/dev/null") == "1 3\n"
    refused(t, ["run", "--device=/dev/zero:/dev/null", "bad", t.dir / "root", "true"], FAILED, "/dev/zero", "/dev/null is another")


@test(needs=[root])
def what_is_no_device_is_told(t):
    base_, path = base(t), node(t, "node", 1, 5)
    for value, reason in (("/etc/passwd", "is no device"), ("/dev", "is a directory"), ("/nowhere", "No such file"), ("null", "absolute"),
                          (str(path), "below /dev"), (f"{path}:/dev/../etc/x", "below /dev"), (f"{path}:/dev/pts/9", "own"),
                          (f"{path}:/dev/console", "own"), (f"{path}:/dev/x:rx", "rx"), (f"{path}:/dev/x:", "r, w and m"), ("", "absolute")):
        refused(t, ["run", f"--device={value}", "bad", base_, "true"], FAILED, f"--device={value}: ", reason)
    refused(t, ["run", f"--device={path}:/dev/x", f"--device={path}:/dev//x", "bad", base_, "true"], FAILED, "/dev/x", "twice")
