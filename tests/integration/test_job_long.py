"""berth-init's options for long jobs: rewriting, delays, notices, limits, commands before a signal, the report. Each
works as an option and as a BERTH_ variable."""

import json
import os
import re
import signal
import time

from container import PID1, SUBREAPER, WAYS, Pid1
from harness import root, test, wait_for
from host import children, descendants, process_stat
from process import run
from root import BERTH_INIT, PAYLOAD, busybox_root, copied
from test_job import next_signal, options_job, queue, shell

TERM, INT, USR1, USR2 = signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2
BOTH = (PID1, SUBREAPER)


def forms(**values):
    """The same settings as options and as variables: (flags, environment) twice. True stands for a flag."""
    names = {name: name.replace("_", "-") for name in values}
    flags = [f"--{names[name]}" if value is True else f"--{names[name]}={value}" for name, value in values.items()]
    variables = {f"BERTH_{name.upper()}": "1" if value is True else value for name, value in values.items()}
    return [(flags, {}), ([], variables)]


def start(t, way, form, *payload, **options):
    flags, variables = form
    return options_job(t, way, flags, *payload, env={**os.environ, **variables}, **options)


def start_shell(t, way, form, script, **options):
    flags, variables = form
    return shell(t, way, script, *flags, env={**os.environ, **variables}, **options)


def pid_inside(pid):
    """A process's pid in its own namespace."""
    return re.search(r"^NSpid:.*\s(\d+)$", open(f"/proc/{pid}/status").read(), re.M)[1]


# Rewriting

@test(needs=[root], each=BOTH)
def signals_are_rewritten_both_ways(t, way):  # facebookincubator/submitit#1701, determined-ai/determined#6250
    rt = signal.SIGRTMIN
    rows = [(["--rewrite=TERM:USR1"], [(TERM, USR1), (USR2, USR2)]),
            (["-r", "SIGTERM:SIGINT", "-r", "INT:TERM"], [(TERM, INT), (INT, TERM)]),
            (["--rewrite=15:10"], [(TERM, USR1)]),
            (["--rewrite=USR1:RTMIN+2", "--rewrite=RTMIN+2:USR1"], [(USR1, rt + 2), (rt + 2, USR1)]),
            (["-r1:31", "-r31:1"], [(1, 31), (31, 1)])]
    for flags, pairs in rows:
        init = options_job(t, way, flags, "print-signals", str(len(pairs)))
        init.out.expect("^ready$")
        for sent, expected in pairs:
            init.signal(sent)
            assert next_signal(init.out) == expected, (flags, sent)
        assert init.wait() == 0
    init = start(t, way, forms(rewrite="TERM:USR1")[1], "print-signals", "1")
    init.out.expect("^ready$")
    init.signal(TERM)
    assert next_signal(init.out) == USR1
    assert init.wait() == 0


@test(needs=[root], each=BOTH)
def signals_are_dropped_when_rewritten_to_0(t, way):
    init = options_job(t, way, ["--rewrite=INT:0", "--rewrite=RTMIN+1:0"], "print-signals", "1")
    init.out.expect("^ready$")
    for number in (INT, signal.SIGRTMIN + 1, signal.SIGRTMIN + 2):
        init.signal(number)
    assert next_signal(init.out) == signal.SIGRTMIN + 2
    assert init.wait() == 0


@test(needs=[root], each=BOTH)
def value_is_kept_when_the_signal_is_rewritten(t, way):
    init = options_job(t, way, ["--rewrite=USR1:RTMIN+2"], "print-signals", "1")
    init.out.expect("^ready$")
    queue(init.pid(), USR1, 42)
    init.out.expect("^signal 36 code -1 .* value 42$")
    assert init.wait() == 0


@test(needs=[root])
def wrong_values_are_125_and_named(t):
    wrong = ["--rewrite=TERM", "--rewrite=FOO:TERM", "--rewrite=TERM:FOO", "--rewrite=65:1",
             "--delay=TERM", "--delay=TERM:soon", "--notice=FOO", "--notice=USR1@soon", "--on-signal=TERM",
             "--on-signal=FOO:true", "--time-limit=soon", "--stop-timeout=soon", "--warn=USR1", "--warn=FOO@1s",
             "--success-exit-status=256", "--success-exit-status=x", "--parent-death-signal=FOO", "--report="]
    missed = []
    for word in wrong:
        result = Pid1(t, word, "--", "true", way=SUBREAPER).finish()
        option = word.partition("=")[0]
        if result.status != 125 or option not in result.err or len(result.err.splitlines()) != 1:
            missed.append(repr(result))
    assert not missed, "\n".join(missed)


@test(needs=[root])
def wrong_value_of_a_variable_is_125_and_named(t):
    for name, value in (("BERTH_TIME_LIMIT", "soon"), ("BERTH_REWRITE", "TERM"), ("BERTH_DELAY", "x"),
                        ("BERTH_SUCCESS_EXIT_STATUS", "256")):
        result = Pid1(t, "--", "true", way=SUBREAPER, env={**os.environ, name: value}).finish()
        assert result.status == 125 and name in result.err, repr(result)


# Delay

@test(needs=[root], each=BOTH)
def stop_is_delayed_and_orphans_are_reaped_meanwhile(t, way):  # Yelp/dumb-init#173, #285
    for form in forms(delay="TERM:1s"):
        script = "trap 'echo stopped; exit 0' TERM; echo up; read line; $payload orphans 50; while :; do read x; done"
        init = start_shell(t, way, form, script)
        init.out.expect("^up$")
        before = time.monotonic()
        init.signal(TERM)
        init.process.write("\n")
        init.out.expect("^orphaned$")
        wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
        assert "stopped" not in init.out.text(), "the orphans were not reaped before the stop"
        init.process.close_stdin()
        init.out.expect("^stopped$")
        assert time.monotonic() - before >= 1
        assert init.wait() == 0


@test(needs=[root], each=BOTH)
def other_signals_overtake_a_delayed_one(t, way):
    flags = ["--delay=TERM:200ms", "--delay=USR1:100ms"]
    init = options_job(t, way, flags, "print-signals", "3")
    init.out.expect("^ready$")
    before = time.monotonic()
    for number in (TERM, USR1, USR2):
        init.signal(number)
    assert next_signal(init.out) == USR2
    assert next_signal(init.out) == USR1 and time.monotonic() - before >= 0.1
    assert next_signal(init.out) == TERM and time.monotonic() - before >= 0.2
    assert init.wait() == 0


@test(needs=[root], each=BOTH)
def job_that_ends_during_the_delay_is_not_waited_for(t, way):
    init = options_job(t, way, ["--delay=TERM:1h"], "say", "up", "read-line", "exit", "4")
    init.out.expect("^up$")
    init.signal(TERM)
    init.process.write("\n")
    assert init.wait(deadline=5) == 4


# Notice, SIGTERM, SIGKILL

@test(needs=[root], each=BOTH)
def notice_comes_first_then_the_stop(t, way):  # facebookincubator/submitit#1701, determined-ai/determined#6250
    for form in forms(notice="USR1@200ms"):
        init = start(t, way, form, "print-signals", "2")
        init.out.expect("^ready$")
        before = time.monotonic()
        init.signal(TERM)
        assert next_signal(init.out) == USR1
        assert next_signal(init.out) == TERM and time.monotonic() - before >= 0.2
        assert init.wait() == 0


@test(needs=[root], each=BOTH)
def notice_that_the_job_heeds_is_all_it_gets(t, way):
    init = options_job(t, way, ["--notice=USR1@1h"], "print-signals", "1", "exit", "3")
    init.out.expect("^ready$")
    init.signal(TERM)
    assert next_signal(init.out) == USR1
    assert init.wait(deadline=5) == 3


@test(needs=[root], each=BOTH)
def second_order_ends_the_notice(t, way):
    init = options_job(t, way, ["--notice=USR1@1h"], "print-signals", "2")
    init.out.expect("^ready$")
    init.signal(TERM)
    assert next_signal(init.out) == USR1
    init.signal(TERM)
    assert next_signal(init.out) == TERM
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def stop_timeout_is_the_way_from_term_to_kill(t, way):
    for form in forms(stop_timeout="200ms"):
        init = start(t, way, form, "ignore-term", "say", "up", "sleep-forever")
        init.out.expect("^up$")
        before = time.monotonic()
        init.signal(TERM)
        assert init.wait(deadline=5) == 137
        assert time.monotonic() - before >= 0.2


@test(needs=[root], each=WAYS)
def notice_term_and_kill_follow_one_another(t, way):
    init = options_job(t, way, ["--notice=USR1@100ms", "--stop-timeout=100ms"], "print-signals", "3")
    init.out.expect("^ready$")
    before = time.monotonic()
    init.signal(TERM)
    assert next_signal(init.out) == USR1
    assert next_signal(init.out) == TERM
    assert init.wait(deadline=5) == 137
    assert time.monotonic() - before >= 0.2


# A command before the signal

@test(needs=[root], each=WAYS)
def command_runs_before_the_signal_is_passed_on(t, way):
    # NVIDIA/pyxis#129, nextflow-io/nextflow#2163, nf-core/configs#251: a checkpoint before the job hears of it
    for form in forms(on_signal="USR1:echo hook $SIGNAL $MAINPID"):
        init = start(t, way, form, "print-signals", "1", "read-line")
        init.out.expect("^ready$")
        pid = pid_inside(children(init.pid())[0])
        init.signal(USR1)
        assert init.out.line() == f"hook USR1 {pid}"
        assert next_signal(init.out) == USR1
        init.process.write("\n")
        assert init.wait() == 0


@test(needs=[root], each=BOTH)
def command_that_fails_does_not_keep_the_signal_back(t, way):
    for command in ("exit 3", "kill -KILL $$", "/no/such/command"):
        init = options_job(t, way, [f"--on-signal=USR1:{command}"], "print-signals", "1")
        init.out.expect("^ready$")
        init.signal(USR1)
        assert next_signal(init.out) == USR1
        assert init.wait() == 0


@test(needs=[root], each=BOTH)
def other_signals_pass_while_a_command_runs(t, way):
    init = options_job(t, way, ["--on-signal=USR1:echo begun; exec sleep 1000"], "print-signals", "1", "exit", "5")
    init.out.expect("^ready$")
    init.signal(USR1)
    init.out.expect("^begun$")
    init.signal(USR2)
    assert next_signal(init.out) == USR2
    assert init.wait(deadline=5) == 5
    wait_for(lambda: not descendants(init.process.pid), "the command to be gone, too")


@test(needs=[root], each=BOTH)
def command_that_hangs_is_killed_in_time_to_stop(t, way):
    flags = ["--on-signal=TERM:echo begun; exec sleep 1000", "--stop-timeout=200ms"]
    init = options_job(t, way, flags, "print-signals", "1", "exit", "5")
    init.out.expect("^ready$")
    init.signal(TERM)
    init.out.expect("^begun$")
    assert next_signal(init.out) == TERM
    assert init.wait(deadline=5) == 5


@test(needs=[root], each=BOTH)
def command_and_delay_and_rewriting_go_together(t, way):
    flags = ["--on-signal=TERM:echo hook $SIGNAL", "--delay=TERM:100ms", "--rewrite=TERM:INT"]
    init = options_job(t, way, flags, "print-signals", "1")
    init.out.expect("^ready$")
    before = time.monotonic()
    init.signal(TERM)
    init.out.expect("^hook TERM$")
    assert next_signal(init.out) == INT and time.monotonic() - before >= 0.1
    assert init.wait() == 0


# The time limit

@test(needs=[root], each=WAYS)
def time_limit_ends_the_job_with_a_line_that_says_so(t, way):
    for form in forms(time_limit="200ms"):
        before = time.monotonic()
        result = start(t, way, form, "sleep-forever").finish(deadline=5)
        assert time.monotonic() - before >= 0.2
        assert result.status == 143, repr(result)
        lines = result.err.splitlines()
        assert len(lines) == 1 and "time limit" in lines[0] and "200ms" in lines[0], repr(result)


@test(needs=[root], each=BOTH)
def time_limit_is_followed_by_kill(t, way):
    for form in forms(time_limit="100ms", stop_timeout="100ms"):
        result = start(t, way, form, "ignore-term", "sleep-forever").finish(deadline=5)
        assert result.status == 137 and "time limit" in result.err, repr(result)


@test(needs=[root], each=BOTH)
def job_that_ends_before_its_limit_is_told_nothing(t, way):
    result = options_job(t, way, ["--time-limit=1h", "--warn=USR1@1min"], "exit", "3").finish(deadline=5)
    assert (result.status, result.out, result.err) == (3, "", "")


@test(needs=[root], each=BOTH)
def warning_comes_before_the_limit(t, way):  # NVIDIA/pyxis#129 and others: Slurm's --signal=USR1@120
    for form in forms(time_limit="400ms", warn="USR1@200ms"):
        before = time.monotonic()
        init = start(t, way, form, "print-signals", "2")
        assert next_signal(init.out) == USR1 and time.monotonic() - before >= 0.2
        assert next_signal(init.out) == TERM and time.monotonic() - before >= 0.4
        assert init.wait(deadline=5) == 0
    flags = ["--time-limit=300ms", "--warn=USR2@100ms", "--warn=USR1@200ms"]
    init = options_job(t, way, flags, "print-signals", "3")
    assert [next_signal(init.out) for _ in range(3)] == [USR1, USR2, TERM]
    assert init.wait(deadline=5) == 0


@test(needs=[root], each=BOTH)
def warning_runs_the_command_for_its_signal(t, way):
    flags = ["--time-limit=1h", "--warn=USR1@3599900ms", "--on-signal=USR1:echo checkpoint"]
    init = options_job(t, way, flags, "print-signals", "1")
    init.out.expect("^checkpoint$")
    assert next_signal(init.out) == USR1
    assert init.wait() == 0


# Exit status

@test(needs=[root], each=BOTH)
def expected_exit_status_is_success(t, way):  # krallin/tini#69, Yelp/dumb-init#260
    rows = [(["-e", "3"], "exit 3", 0), (["-e3", "-e", "4"], "exit 4", 0), (["-e3", "-e", "4"], "exit 5", 5),
            (["--success-exit-status=143"], "kill $$", 0), (["--success-exit-status=1", "-e", "255"], "exit 255", 0),
            (["-e", "1"], "exit 0", 0), (["-e", "127"], "exit 127", 0)]
    for flags, script, status in rows:
        assert shell(t, way, script, *flags).finish().status == status, (flags, script)
    assert start_shell(t, way, forms(success_exit_status="143")[1], "kill $$").finish().status == 0


@test(needs=[root], each=BOTH)
def killed_job_is_128_plus_the_signal_without_it(t, way):  # Yelp/dumb-init#59, #60
    assert shell(t, way, "kill $$").finish().status == 143


@test(needs=[root], each=WAYS)
def stop_is_success_when_the_job_stops_in_time(t, way):
    # vladgh/docker_base_images#62, maxmind/geoipupdate#135, GoogleCloudPlatform/cloud-sql-proxy-operator#355
    def status(form, script, stop):
        init = start_shell(t, way, form, script)
        init.out.expect("^up$")
        if stop:
            init.signal(stop)
        else:
            init.process.write("\n")
        return init.wait(deadline=5)
    for form in forms(stop_is_success=True):
        flags, variables = form
        assert status(form, "echo up; exec $payload sleep-forever", TERM) == 0
        assert status(form, "echo up; exec $payload sleep-forever", INT) == 0
        assert status(form, "trap 'exit 3' TERM; echo up; read line", TERM) == 0
        assert status(form, "echo up; read line; exit 3", None) == 3
        assert status(form, "echo up; read line; kill -TERM $$", None) == 143, "nobody asked it to stop"
        slow = ([*flags, "--stop-timeout=100ms"], variables)
        assert status(slow, "exec $payload ignore-term say up sleep-forever", TERM) == 137


@test(needs=[root])
def time_limit_is_no_success(t):
    assert options_job(t, PID1, ["--stop-is-success", "--time-limit=100ms"], "sleep-forever").wait(deadline=5) == 143


# The report

KEYS = {"version", "argv", "pid", "start", "end", "runtimeUSec", "exitCode", "signal", "coreDumped", "exitStatus",
        "cause", "stop", "killed", "outOfMemoryKills", "memoryPeakBytes", "cpuUserUSec", "cpuSystemUSec", "ioReadBytes",
        "ioWrittenBytes", "orphansReaped", "signalsForwarded"}


def report_of(t, name):
    """The report that was written, one object and nothing else."""
    return json.loads((t.dir / "reports" / name).read_text())


def reports(t):
    directory = t.dir / "reports"
    directory.mkdir(exist_ok=True)
    directory.chmod(0o777)
    return directory


@test(needs=[root], each=WAYS)
def report_says_how_a_job_ended_by_itself(t, way):
    for index, form in enumerate(forms(report=str(reports(t) / "file"))):
        (t.dir / "reports/file").unlink(missing_ok=True)
        init = start(t, way, form, "orphans", "20", "exit", "3")
        assert init.finish().status == 3
        report = report_of(t, "file")
        assert KEYS <= set(report), KEYS - set(report)
        assert report["argv"] == [str(copied(t, PAYLOAD)), "orphans", "20", "exit", "3"]
        expected = {"exitCode": 3, "exitStatus": 3, "signal": None, "cause": "itself", "stop": None, "killed": False,
                    "orphansReaped": 20, "signalsForwarded": 0}
        assert {key: report[key] for key in expected} == expected, report
        for key in ("start", "end"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", report[key]), report[key]
        assert report["start"] <= report["end"] and report["runtimeUSec"] > 0


@test(needs=[root], each=WAYS)
def report_says_who_asked_for_the_stop(t, way):
    init = options_job(t, way, [f"--report={reports(t)}/file"], "say", "up", "sleep-forever")
    init.out.expect("^up$")
    init.signal(signal.SIGWINCH)  # which does not end it
    init.signal(TERM)
    assert init.wait() == 143
    report = report_of(t, "file")
    expected = {"exitCode": None, "signal": "SIGTERM", "exitStatus": 143, "cause": "stop", "killed": False,
                "signalsForwarded": 2}
    assert {key: report[key] for key in expected} == expected, report
    assert report["stop"]["signal"] == "SIGTERM" and report["stop"]["uid"] == 0, report
    if way == SUBREAPER:
        assert report["stop"]["pid"] == os.getpid(), report
    elif way == PID1:
        assert report["stop"]["from"] == "outside" and report["stop"]["pid"] is None, report


@test(needs=[root], each=BOTH)
def report_tells_the_time_limit_from_a_stop_and_who_was_killed(t, way):
    flags = [f"--report={reports(t)}/file", "--stop-timeout=100ms"]
    assert options_job(t, way, [*flags, "--time-limit=100ms"], "ignore-term", "sleep-forever").finish().status == 137
    report = report_of(t, "file")
    expected = {"signal": "SIGKILL", "exitStatus": 137, "cause": "time-limit", "killed": True, "stop": None}
    assert {key: report[key] for key in expected} == expected, report


@test(needs=[root], each=BOTH)
def report_counts_what_was_used(t, way):
    options_job(t, way, [f"--report={reports(t)}/file"], "eat-memory", "64", "exit", "0").finish()
    report = report_of(t, "file")
    assert report["memoryPeakBytes"] >= 64 << 20, report
    assert report["cpuUserUSec"] + report["cpuSystemUSec"] > 0, report
    assert report["outOfMemoryKills"] in (0, None), report


@test(needs=[root], each=BOTH)
def report_on_standard_output_follows_the_jobs(t, way):
    result = options_job(t, way, ["--report=-"], "say", "last words", "exit", "2").finish()
    first, _, rest = result.out.partition("\n")
    assert first == "last words" and json.loads(rest)["exitCode"] == 2, repr(result)


@test(needs=[root])
def report_of_strange_words_is_still_json(t):
    words = ['quote " backslash \\ newline \n tab \t', "caf\u00e9", "\udcff\udcfe"]
    Pid1(t, f"--report={reports(t)}/file", "--", "true", *words, way=SUBREAPER).finish()
    assert report_of(t, "file")["argv"][1:3] == words[:2]


@test(needs=[root])
def report_that_cannot_be_written_is_told_before_the_job(t):
    for path in ("/no/such/directory/file", str(t.dir)):
        result = Pid1(t, f"--report={path}", "--", "echo", "ran", way=SUBREAPER).finish()
        assert result.status == 125 and path in result.err and "ran" not in result.out, repr(result)


@test(needs=[root])
def nothing_writable_is_needed(t):  # just-containers/s6-overlay#578, #397, #450
    base = busybox_root(t.dir / "root", files={"init": BERTH_INIT.read_bytes()})
    (base / "init").chmod(0o755)
    script = ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec chroot "$0" /init --time-limit=1h '
              '--warn=USR1@3599900ms "--on-signal=USR1:echo hook" --report=- -- '
              '/bin/sh -c "echo x > /file || exec payload print-signals 1 exit 5"')
    result = run(t, ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, base])
    assert result.status == 5 and "hook\nsignal 10 " in result.out, repr(result)
    assert json.loads(result.out[result.out.index("{"):])["exitCode"] == 5


# Told on request

@test(needs=[root], each=BOTH)
def verbose_tells_the_end_in_one_line(t, way):
    result = options_job(t, way, ["-v"], "orphans", "3", "exit", "3").finish()
    assert [line for line in result.err.splitlines() if "payload ended: exit code 3" in line], repr(result)
    assert not options_job(t, way, [], "exit", "3").finish().err


@test(needs=[root], each=BOTH)
def reaped_orphans_are_told_on_request(t, way):
    for form in forms(warn_reaped=True) + [(["-w"], {})]:
        init = start(t, way, form, "orphan-parent", "read-line")
        init.out.expect("^orphan of ")
        init.err.expect(r"(?i)orphan.*pid \d+")
        init.process.write("\n")
        assert init.wait() == 0


@test(needs=[root], each=BOTH)
def job_starts_in_the_directory_that_was_asked_for(t, way):
    for form in forms(workdir="/usr/bin"):
        flags, variables = form
        result = Pid1(t, *flags, "--", "pwd", way=way, env={**os.environ, **variables}).finish()
        assert (result.status, result.out) == (0, "/usr/bin\n"), repr(result)


@test(needs=[root])
def subreaper_and_group_can_be_asked_for(t):
    for form in [*forms(subreaper=True), *forms(group=True), (["-s"], {}), (["-g"], {}), (["-sg"], {})]:
        assert start(t, SUBREAPER, form, "exit", "3").finish().status == 3


@test(needs=[root])
def help_lists_every_option_and_fits_a_terminal(t):
    result = Pid1(t, "--help", way=SUBREAPER).finish()
    names = ("single", "group", "subreaper", "parent-death-signal", "verbose", "warn-reaped", "success-exit-status",
             "rewrite", "delay", "notice", "on-signal", "time-limit", "warn", "stop-timeout", "report",
             "stop-is-success", "exit-at-once", "pause", "user", "workdir", "help", "version")
    missing = [name for name in names if not re.search(rf"--{name}\b(?!-)", result.out)]
    assert result.status == 0 and not missing, missing
    assert max(map(len, result.out.splitlines())) <= 100


@test(needs=[root])
def option_wins_over_its_variable(t):
    init = options_job(t, SUBREAPER, ["--rewrite=TERM:INT", "--time-limit=1h"], "print-signals", "1",
                       env={**os.environ, "BERTH_TIME_LIMIT": "50ms"})
    init.out.expect("^ready$")
    init.signal(TERM)
    assert next_signal(init.out) == INT
    assert init.wait() == 0


@test(needs=[root], each=BOTH)
def stopped_job_takes_the_order_to_end(t, way):
    init = options_job(t, way, [], "say", "up", "raise", "19", "exit", "0")
    init.out.expect("^up$")
    wait_for(lambda: process_stat(children(init.pid())[0])[0] == "T", "the job to be stopped")
    init.signal(TERM)
    assert init.wait(deadline=5) == 143
