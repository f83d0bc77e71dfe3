"""What becomes of the services' lines: formats, levels, readers that are slow, stuck or gone, and who follows."""

import json
import os
import signal
import time

from container import STANDARD_PATH, Pid1
from harness import DEADLINE, root, test, wait_for
from process import Process
from root import BERTH_INIT, boot_root, write_files

WANTED = "\n[Install]\nWantedBy=multi-user.target\n"
STAYS = "[Service]\nExecStart=/bin/payload sleep-forever\n" + WANTED
LINE = "y" * 99
MEBIBYTE = 1024 * 1024


def unit(service):
    return f"[Service]\n{service}\n{WANTED}"


def shell(script, more=""):
    return unit(f"ExecStart=/bin/sh -c '{script}'\nIgnoreSIGPIPE=no\n{more}")


def boot(t, units, *words, **options):
    base = boot_root(t.dir / "root", {"good.service": STAYS, **units})
    init = Pid1(t, "--boot", *words, root=base, **options)
    init.wait_for_unit_state("good.service", "active", "running")
    return init, base


class Unread:
    """PID 1 with an output that nobody reads until the test does."""

    def __init__(self, t, units, *words):
        self.base = boot_root(t.dir / "root", {"good.service": STAYS, **units})
        self.reader, writer = os.pipe()
        self.init = Pid1(t, "--boot", *words, root=self.base, stdout=writer)
        os.close(writer)
        t.defer(self.close)
        self.init.wait_for_unit_state("good.service", "active", "running")

    def close(self):
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1

    def read_until(self, end, deadline=DEADLINE):
        """What is written until `end` comes."""
        text, last = bytearray(), time.monotonic() + deadline
        searched = 0
        while text.find(end, searched) < 0:
            searched = max(0, len(text) - len(end))
            assert time.monotonic() < last, f"no {end!r} came; the end of it: {bytes(text[-500:])!r}"
            data = os.read(self.reader, 1 << 20)
            assert data, f"the output ended without {end!r}"
            text += data
        return text


def dropped(init, name):
    return int(init.unit(name)["LogsDropped"])


# Formats

@test(needs=[root])
def json_lines_say_unit_stream_process_and_level(t):
    script = r'echo out; echo "<3>it broke" >&2; printf "\\377\\033\\tx\\n"; exec payload sleep-forever'
    init, _ = boot(t, {"a.service": shell(script)}, "--log-format=json")
    lines, end = [], time.monotonic() + DEADLINE
    while {"out", "it broke", "\ufffd\x1b\tx"} - {line["message"] for line in lines}:
        lines.append(json.loads(init.out.line(end - time.monotonic())))
    found = {line["message"]: line for line in lines}
    pid = int(init.unit("a.service")["MainPID"])
    out, broke = found["out"], found["it broke"]
    assert (out["unit"], out["stream"], out["level"]) == ("a.service", "stdout", "info"), out
    assert (broke["unit"], broke["stream"], broke["level"]) == ("a.service", "stderr", "err"), broke
    assert {out["pid"], broke["pid"]} == {pid}
    assert all(line["time"].endswith("Z") for line in lines)
    said_by_init = [line for line in lines if "stream" not in line]
    assert all("pid" not in line for line in said_by_init)


@test(needs=[root], each=["option", "variable"])
def lines_can_have_no_name(t, way):
    words = ["--log-format=plain"] if way == "option" else []
    init, _ = boot(t, {"a.service": unit("ExecStart=/bin/payload say hello sleep-forever")}, *words,
                   env={**os.environ, "PATH": STANDARD_PATH, **({} if words else {"BERTH_LOG_FORMAT": "plain"})})
    init.out.expect("^hello$")


@test(needs=[root])
def lines_can_stay_inside(t):
    init, _ = boot(t, {"a.service": unit("ExecStart=/bin/payload say hello sleep-forever")}, "--log-format=none")
    wait_for(lambda: "hello" in init.log("a.service"), "the line to be kept")
    init.signal(signal.SIGTERM)
    assert init.wait() == 0
    assert init.out.text() == ""


@test(needs=[root], each=[("iso", r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z a: hello$"),
                          ("short", r"^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d a: hello$")])
def lines_can_have_a_time(t, kind):
    name, pattern = kind
    init, _ = boot(t, {"a.service": unit("ExecStart=/bin/payload say hello sleep-forever")}, f"--log-time={name}")
    init.out.expect(pattern)


@test(needs=[root])
def levels_are_taken_off_and_can_be_left_out(t):
    script = 'echo "<7>chatter"; echo "<4>careful"; exec payload sleep-forever'
    init, _ = boot(t, {"a.service": shell(script, "LogLevelMax=notice"),
                       "b.service": shell(script, "SyslogLevelPrefix=no\nSyslogLevel=err")})
    init.out.expect("^(a: careful|b: <4>careful)$")
    init.out.expect("^(a: careful|b: <4>careful)$")
    assert "chatter" not in init.log("a.service")
    records = {r["Line"]: r["Level"] for r in init.done("logs", "a.service", "b.service")}
    assert records["careful"] == "warning" and records["<7>chatter"] == "err", records


# Lines of all kinds

@test(needs=[root])
def commands_around_the_service_speak_in_its_name(t):
    says = {"ExecStartPre": "before", "ExecStartPost": "after", "ExecStop": "stop", "ExecStopPost": "stopped"}
    lines = "".join(f"{key}=/bin/echo {word}\n" for key, word in says.items())
    init, _ = boot(t, {"a.service": unit(lines + "ExecStart=/bin/payload sleep-forever")})
    init.wait_for_unit_state("a.service", "active", "running")
    init.done("stop", "a.service")
    for word in says.values():
        init.out.expect(f"^a: {word}$")


@test(needs=[root])
def binary_output_and_a_last_line_without_end_arrive(t):
    size = 300000
    blob = bytes(byte for byte in os.urandom(size * 2) if byte not in b"\n<")[:size]
    script = 'while ! test -e /blob; do sleep 0.05; done; cat /blob; echo; printf "the end"'
    init, base = boot(t, {"a.service": shell(script)})
    write_files(base, {"blob.new": blob})
    (base / "blob.new").rename(base / "blob")
    init.out.expect("^a: the end$")
    pieces = [line[3:] for line in init.out.seen.split(b"\n") if line.startswith(b"a: ")]
    assert blob in b"".join(pieces), "the pieces of the long line are not what was written"
    assert max(map(len, pieces)) == 4096


# Readers

@test(needs=[root])
def burst_of_50_mebibytes_reaches_a_reader_that_reads(t):
    lines = 50 * MEBIBYTE // 100
    out = Unread(t, {"a.service": shell(f"yes {LINE} | head -n {lines}; echo done", "Type=oneshot")})
    text = out.read_until(b"a: done\n", deadline=60)
    assert dropped(out.init, "a.service") == 0
    assert text.count(f"a: {LINE}\n".encode()) == lines


@test(needs=[root])
def output_that_nobody_reads_blocks_nobody_and_is_counted(t):
    lines = 50 * MEBIBYTE // 100
    out = Unread(t, {"a.service": shell(f"yes {LINE} | head -n {lines}; echo done; exec payload sleep-forever"),
                     "quiet.service": shell("while ! test -e /go; do sleep 0.05; done; echo a quiet word; "
                                            "exec payload sleep-forever")})
    init = out.init
    wait_for(lambda: "done" in init.log("a.service", 1), "the service to get rid of its lines", 60)
    write_files(out.base, {"go": ""})
    wait_for(lambda: "a quiet word" in init.log("quiet.service"), "the other one's line")
    init.done("restart", "good.service")
    lost = dropped(init, "a.service")
    assert lost > lines // 2
    assert dropped(init, "quiet.service") == 0
    # Somebody comes to read: it hears what there is, what is missing, and what comes.
    text = out.read_until(b" lines were dropped")
    assert b"quiet: a quiet word\n" in text
    assert f"a: {lost} lines were dropped".encode() in text
    init.done("restart", "quiet.service")
    out.read_until(b"quiet: a quiet word\n")
    assert dropped(init, "a.service") == lost


@test(needs=[root])
def output_whose_reader_is_gone_ends_nothing(t):
    out = Unread(t, {"a.service": shell(f"yes {LINE} | head -n 10000; echo done; exec payload sleep-forever")})
    out.close()
    wait_for(lambda: "done" in out.init.log("a.service", 1), "the service to get rid of its lines")
    out.init.done("restart", "good.service")
    out.init.signal(signal.SIGTERM)
    assert out.init.wait() == 0


@test(needs=[root])
def noisy_service_does_not_keep_quiet_ones_or_requests_waiting(t):
    out = Unread(t, {"noisy.service": shell(f"exec yes {LINE}"), "quiet.service": unit(
        "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/echo a quiet word")})
    out.read_until(b"quiet: a quiet word\n")
    start = time.monotonic()
    out.init.done("restart", "good.service")  # while nobody reads
    assert time.monotonic() - start < DEADLINE / 2
    out.init.done("stop", "noisy.service")


# The end

@test(needs=[root])
def last_lines_of_a_stop_are_not_lost(t):
    script = f"trap \"yes {LINE} | head -n 5000; echo last words; exit 0\" TERM; echo up; while :; do sleep 0.05; done"
    init, _ = boot(t, {"a.service": shell(script, "KillMode=mixed")})
    init.out.expect("^a: up$")
    init.signal(signal.SIGTERM)
    init.out.expect("^a: last words$")
    assert init.wait() == 0
    assert init.out.text().count(f"a: {LINE}\n") == 5000


# Those who ask

@test(needs=[root])
def followers_of_several_units_hear_their_lines_in_order(t):
    init, base = boot(t, {"a.service": shell("mkfifo /turn-a; while cat /turn-a; do :; done"),
                          "b.service": shell("mkfifo /turn-b; while cat /turn-b; do :; done"),
                          "c.service": shell("while :; do echo of no interest; sleep 0.02; done")})
    wait_for(lambda: (base / "turn-a").exists() and (base / "turn-b").exists(), "the services to listen")
    (t.dir / "berthctl").symlink_to(BERTH_INIT)
    follower = Process(t, [t.dir / "berthctl", "--json", "logs", "-f", "-n", "1", "a", "b"],
                       env={**os.environ, "BERTH_RUNTIME_DIR": str(base / "run/berth")})

    def heard():
        follower.out.fill_now()
        return [json.loads(line)["Line"] for line in follower.out.text().splitlines() if line]

    # It begins with the newest line of the two, whichever that is.
    wait_for(heard, "the follower to hear what there is")
    first, expected = heard(), []
    for number in range(20):
        name = "ab"[number % 3 == 0]
        (base / f"turn-{name}").write_text(f"{number}\n")
        expected.append(str(number))
        wait_for(lambda: len(heard()) > len(expected), f"line {number}")
    assert heard() == first + expected
    assert init.log("a.service")[-1] == "19"
    records = [r["Line"] for r in init.done("--lines=5", "logs", "a", "b")]
    assert records == ["15", "16", "17", "18", "19"], records
