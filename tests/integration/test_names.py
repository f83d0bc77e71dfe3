"""berth-init under the names tini, tini-static, docker-init, dumb-init and catatonit: what their users rely on.
With BERTH_TEST_PEERS=1 the same tests run against the installed programs."""

import os
import re
import signal
import subprocess

from container import PID1, SUBREAPER
from harness import Skip, root, test, wait_for
from host import children, context_switches, descendants, kill_all, process_stat
from names import CATATONIT, DUMB_INIT, NAMES, PEERS, TINI, better_than_peers, call, program, start, start_payload
from process import Process
from root import PAYLOAD, copied, write_files

TERM, USR1, USR2 = signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2
HUP, INT, QUIT, CONT = signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCONT
MARK = signal.SIGWINCH  # a greater number than SIGTERM: it does not overtake one that came before
STOPPERS = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
FAULTS = {signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGTRAP, signal.SIGSYS}
NOT_FORWARDED = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
BOTH = (PID1, SUBREAPER)
NO_REAPING = "zombie reaping won't work"
REAPED = "Reaped zombie process with pid="


def check_calls(t, name, rows):
    """Each row: words, environment, exit status, pattern for standard output, pattern for standard error. An
    empty pattern: nothing is printed there; None: whatever."""
    wrong = []
    for words, environment, status, out, err in rows:
        result = call(t, name, *words, **environment)
        matches = [re.search(pattern, text) if pattern else not text
                   for pattern, text in ((out, result.out), (err, result.err)) if pattern is not None]
        if result.status != status or not all(matches):
            wrong.append(f"expected {status}, {out!r}, {err!r}, got {result!r}")
    assert not wrong, "\n".join(wrong)


def job_of(init):
    return children(init.pid())[0]


def fields(pid):
    """Process group, session, terminal, and the terminal's foreground group."""
    return [int(field) for field in process_stat(pid)[2:6]]


def is_stopped(pid):
    return process_stat(pid)[0] == "T"


# The command line

@test(needs=[root], each=NAMES)
def version_is_what_docker_and_scripts_look_for(t, name):
    out, err = {DUMB_INIT: ("", r"\Adumb-init v1\.2\.5\n"), CATATONIT: (r"\Atini version \S+_catatonit\n", "")}.get(
        name, (r"\Atini version \d", ""))
    options = {DUMB_INIT: ["-V", "--version"], CATATONIT: ["-V", "--version"]}.get(name, ["--version"])
    check_calls(t, name, [([option], {}, 0, out, err) for option in options])


@test(needs=[root], each=NAMES)
def help_is_given_where_it_is_given_today(t, name):
    if name in TINI:
        check_calls(t, name, [(["-h"], {}, 0, "-g", "")])
    elif name == DUMB_INIT:
        check_calls(t, name, [([flag], {}, 0, "", "--single-child") for flag in ("-h", "--help")])
    else:
        check_calls(t, name, [(["-h"], {}, 0, "", "-P")])


@test(needs=[root], each=[*TINI, CATATONIT])
def licence_is_shown(t, name):
    check_calls(t, name, [(["-L" if name == CATATONIT else "-l"], {}, 0, r"(?i)licen[cs]e|copyright", "")])


@test(needs=[root], each=TINI)
def bad_options_of_tini_are_1_and_tell_the_usage(t, name):
    usage = r"(?i)usage"
    check_calls(t, name, [
        ([], {}, 1, "", usage),
        (["--"], {}, 1, "", usage),
        (["-s", "-g"], {}, 1, "", usage),
        (["-x", "true"], {}, 1, "", usage),
        (["-sx", "true"], {}, 1, "", usage),
        (["-c", "true"], {}, 1, "", usage),
        (["-r", "1:2", "true"], {}, 1, "", usage),
        (["-L"], {}, 1, "", usage),
        (["-V"], {}, 1, "", usage),
        (["--help"], {}, 1, "", usage),
        (["--bogus"], {}, 1, "", usage),
        (["--time-limit=1s", "true"], {}, 1, "", usage),
        (["--version", "true"], {}, 1, "", usage),
        (["-s", "--version"], {}, 1, "", usage),
        (["-e"], {}, 1, "", usage),
        (["-p"], {}, 1, "", usage),
    ])


@test(needs=[root], each=TINI)
def bad_values_of_tini_are_1_and_named(t, name):
    values = [("-e", value) for value in ("256", "300", "-1", "x", "3x")]
    values += [("-p", value) for value in ("TERM", "FOO", "SIGFOO", "15", "sigterm")]
    check_calls(t, name, [([flag, value, "true"], {}, 1, "", re.escape(f"{flag}") + ".*" + re.escape(value))
                          for flag, value in values])


@test(needs=[root], each=TINI)
def good_options_of_tini_are_taken(t, name):
    check_calls(t, name, [
        (["-s", "true"], {}, 0, "", ""),
        (["-sgw", "true"], {}, 0, "", ""),
        (["-sg", "--", "true"], {}, 0, "", ""),
        (["-s", "-p", "SIGTERM", "true"], {}, 0, "", ""),
        (["-s", "-pSIGKILL", "true"], {}, 0, "", ""),
        (["-gwsp", "SIGUSR1", "true"], {}, 0, "", ""),
        (["-s", "-e", "3", "--", "sh", "-c", "exit 3"], {}, 0, "", ""),
        (["-se3", "--", "sh", "-c", "exit 3"], {}, 0, "", ""),
        (["-s", "-e3", "-e", "4", "--", "sh", "-c", "exit 4"], {}, 0, "", ""),
        (["-s", "-e3", "-e", "4", "--", "sh", "-c", "exit 5"], {}, 5, "", ""),
        (["-s", "-e", "143", "--", "sh", "-c", "kill $$"], {}, 0, "", ""),
        (["-s", "-e", "1", "--", "sh", "-c", "exit 0"], {}, 0, "", ""),
        (["-s", "--", "echo", "-s", "--", "--version"], {}, 0, r"\A-s -- --version\n\Z", ""),
    ])


@test(needs=[root], each=TINI[:1])
def every_exit_code_can_be_remapped_and_no_other_is(t, name):
    for code in (0, 1, 2, 126, 127, 128, 143, 254, 255):
        others = [word for other in range(256) if other != code for word in ("-e", str(other))]
        script = ["--", "sh", "-c", f"exit {code}"]
        assert call(t, name, "-s", "-e", str(code), *script).status == 0, code
        assert call(t, name, "-s", *others, *script).status == code, code


@test(needs=[root])
def options_of_dumb_init_are_taken(t):
    check_calls(t, DUMB_INIT, [
        (["-c", "true"], {}, 0, "", ""),
        (["--single-child", "true"], {}, 0, "", ""),
        (["-c", "--", "echo", "-c"], {}, 0, r"\A-c\n\Z", ""),
        (["true", "-x"], {}, 0, "", ""),
        (["-r", "1:31", "true"], {}, 0, "", ""),
        (["-r", "31:1", "-r", "15:2", "-r", "2:15", "true"], {}, 0, "", ""),
        (["-r", "15:0", "true"], {}, 0, "", ""),
        (["-r15:2", "true"], {}, 0, "", ""),
        (["-cr", "15:2", "true"], {}, 0, "", ""),
        (["-r", "1: 2", "true"], {}, 0, "", ""),
        (["-r", " 1:2", "true"], {}, 0, "", ""),
        (["--rewrite", "1:2", "true"], {}, 0, "", ""),
        (["--rewrite=1:2", "true"], {}, 0, "", ""),
        (["--rew", "1:2", "true"], {}, 0, "", ""),
        (["-cv", "true"], {}, 0, "", r"\A\[dumb-init\] "),
        (["--verbose", "true"], {}, 0, "", r"\A\[dumb-init\] "),
    ])


@test(needs=[root])
def bad_options_of_dumb_init_are_1(t):
    lines = (r"\AUsage: -r option takes <signum>:<signum>, where <signum> is between 1 and 31\.\n"
             r"This option can be specified multiple times\.\nUse --help for full usage\.\n\Z")
    values = ("", "1", "a:b", "1:x", "0:1", "32:1", "1:32", "-1:2", "1:-1", "TERM:INT", " 1 : 2 ", ":", "15:")
    check_calls(t, DUMB_INIT, [(["-r", value, "true"], {}, 1, "", lines) for value in values])
    check_calls(t, DUMB_INIT, [
        ([], {}, 1, "", r"(?i)\Ausage: \S*dumb-init .*\n.*--help"),
        (["--"], {}, 1, "", "(?i)usage"),
        (["-c"], {}, 1, "", "(?i)usage"),
        (["-x", "true"], {}, 1, "", "x"),
        (["-e", "3", "true"], {}, 1, "", "e"),
        (["--bogus", "true"], {}, 1, "", "bogus"),
        (["--time-limit=1s", "true"], {}, 1, "", "time-limit"),
        (["-r"], {}, 1, "", "r"),
    ])


@test(needs=[root])
def options_of_catatonit_are_taken_and_bad_ones_are_1(t):
    check_calls(t, CATATONIT, [
        (["true"], {}, 0, "", ""),
        (["-g", "true"], {}, 0, "", ""),
        (["-g", "--", "sh", "-c", "exit 3"], {}, 3, "", ""),
        ([], {}, 1, "", "(?i)usage"),
        (["--"], {}, 1, "", "(?i)usage"),
        (["-x", "true"], {}, 1, "", "(?i)usage"),
        (["-s", "true"], {}, 1, "", "(?i)usage"),
        (["--help"], {}, 1, "", "(?i)usage"),
        (["--time-limit=1s", "true"], {}, 1, "", "(?i)usage"),
    ])


@test(needs=[root], each=NAMES)
def options_stop_at_the_first_word_that_is_none(t, name):
    # tini and catatonit themselves do so with this variable only
    environment = {"POSIXLY_CORRECT": "1"} if PEERS else {}
    check_calls(t, name, [
        (["sh", "-c", "exit 3"], environment, 3, "", None),
        (["echo", "-s", "--", "-g"], environment, 0, r"\A-s -- -g\n\Z", None),
    ])


# How it ends

@test(needs=[root], each=NAMES)
def status_of_the_job_is_passed_on_under_every_name(t, name):
    for way in BOTH:
        for status in (0, 1, 2, 32, 127, 254, 255):
            assert start_payload(t, name, "exit", str(status), way=way).finish().status == status
        for number in (TERM, INT, QUIT, signal.SIGKILL, signal.SIGABRT):
            assert start_payload(t, name, "raise", str(int(number)), way=way).finish().status == 128 + number


@test(needs=[root], each=NAMES)
def command_that_cannot_run_is_told_as_each_of_them_does(t, name):
    write_files(t.dir, {"plain": "echo hello\n"})
    (t.dir / "loop").symlink_to("loop")
    missing, denied, other = {DUMB_INIT: (2, 2, 2), CATATONIT: (1, 1, 1)}.get(name, (127, 126, 1))
    form = r"\[dumb-init\] {0}: {1}\n" if name == DUMB_INIT else r"{1}"
    rows = [(path, status, form.format(re.escape(str(path)), reason)) for path, status, reason in (
        ("no-such-command", missing, "No such file or directory"),
        ("/no/such/command", missing, "No such file or directory"),
        (t.dir / "plain", denied, "Permission denied"),
        (t.dir, denied, "Permission denied"),
        (t.dir / "loop", other, "[^\n]*[Ss]ymbolic link[^\n]*"),
        (t.dir / "plain/x", other, "Not a directory"),
    )]
    for flags in ([], ["--"]):
        check_calls(t, name, [([*flags, path], {}, status, "", err) for path, status, err in rows])


@test(needs=[root], each=NAMES)
def script_without_a_first_line_is_run_by_the_shell(t, name):
    """All three start their command with execvp(3), and entrypoints without #! rely on it."""
    write_files(t.dir, {"script": "echo run with $1; exit 4\n"})
    (t.dir / "script").chmod(0o755)
    check_calls(t, name, [(["--", t.dir / "script", "this"], {}, 4, r"\Arun with this\n\Z", None)])


@test(needs=[root], each=NAMES)
def what_the_job_leaves_is_treated_as_each_of_them_does(t, name):
    """Not as PID 1: dumb-init with a session of its own sends SIGTERM to the group and goes, the others just go."""
    manners = {DUMB_INIT: [([], {}, TERM), (["-c"], {}, MARK), ([], {"DUMB_INIT_SETSID": "0"}, MARK)]}
    for flags, environment, first in manners.get(name, [(["-g"], {}, MARK)]):
        script = f"{copied(t, PAYLOAD)} as member print-signals 2 & read line; exit 5"
        init = start(t, name, *flags, "--", "sh", "-c", script, environment=environment)
        init.out.expect("^member ready$")
        member = children(job_of(init))[0]
        t.defer(kill_all, [member])
        init.process.write("go\n")
        assert init.wait() == 5
        os.kill(member, MARK)
        assert init.out.expect(r"^member signal (\d+) ")[1] == str(int(first)), (flags, environment)


@test(needs=[root], each=NAMES)
def end_of_pid_1_ends_the_whole_container(t, name):
    script = f"setsid {copied(t, PAYLOAD)} ignore-term say up sleep-forever & read line; exit 6"
    init = start(t, name, "--", "sh", "-c", script, way=PID1)
    init.out.expect("^up$")
    init.process.write("go\n")
    assert init.wait() == 6
    assert not descendants(init.process.pid)


# Signals

@test(needs=[root], each=NAMES)
def signals_are_forwarded(t, name):
    forwarded = set(range(1, 32)) - NOT_FORWARDED
    forwarded -= {DUMB_INIT: set(STOPPERS), CATATONIT: {*STOPPERS, *FAULTS}}.get(
        name, {*FAULTS, signal.SIGTTIN, signal.SIGTTOU})
    if name != DUMB_INIT:
        forwarded |= set(range(34, 65))
    for way in BOTH:
        init = start_payload(t, name, "print-signals", str(len(forwarded)), way=way)
        init.out.expect("^ready$")
        for number in sorted(forwarded):
            init.signal(number)
            assert init.out.expect(r"^signal (\d+) ")[1] == str(int(number))
        assert init.wait() == 0


def audience(t, name, flags, environment, way):
    """Who gets a USR1: "job", or "group" when it reaches another process of the job's group, too."""
    payload = copied(t, PAYLOAD)
    script = f"{payload} as member print-signals 2 & exec {payload} as job print-signals 1 read-line"
    init = start(t, name, *flags, "--", "sh", "-c", script, way=way, environment=environment)
    init.out.expect("^(member|job) ready$")
    init.out.expect("^(member|job) ready$")
    job = job_of(init)
    member = children(job)[0]
    init.signal(USR1)
    first = init.out.expect(r"^(\w+) signal 10 ")[1]
    if first == "job":
        # The group gets a signal in one system call: what the member has not by now it does not get.
        os.kill(member, USR2)
        first = "group" if init.out.expect(r"^member signal (\d+) ")[1] == "10" else "job"
    else:
        init.out.expect("^job signal 10 ")
        first = "group"
    kill_all([member, job])
    init.wait()
    return first


@test(needs=[root], each=NAMES)
def signals_reach_whom_each_of_them_signals(t, name):
    rows = {
        DUMB_INIT: [([], {}, "group"), (["-c"], {}, "job"), (["--single-child"], {}, "job"),
                    ([], {"DUMB_INIT_SETSID": "0"}, "job"), ([], {"DUMB_INIT_SETSID": "1"}, "group")],
        CATATONIT: [([], {}, "job"), (["-g"], {}, "group")],
    }.get(name, [([], {}, "job"), (["-g"], {}, "group"), ([], {"TINI_KILL_PROCESS_GROUP": ""}, "group"),
                 ([], {"TINI_KILL_PROCESS_GROUP": "1"}, "group")])
    for flags, environment, expected in rows:
        for way in BOTH:
            got = audience(t, name, flags, environment, way)
            assert got == expected, f"{flags} {environment} {way}: {got} instead of {expected}"


@test(needs=[root])
def dumb_init_rewrites_signals(t):
    rows = [
        ({}, (TERM, QUIT, CONT, INT), (TERM, QUIT, CONT, INT)),
        ({TERM: INT}, (TERM, QUIT, CONT, INT), (INT, QUIT, CONT, INT)),
        ({TERM: INT, INT: TERM, QUIT: QUIT}, (TERM, QUIT, CONT, INT), (INT, QUIT, CONT, TERM)),
        ({1: 31, 31: 1}, (1, 31), (31, 1)),
        ({TERM: QUIT, INT: 0, signal.SIGWINCH: 0}, (TERM, INT, signal.SIGWINCH, HUP), (QUIT, HUP)),
    ]
    for single in ([], ["-c"]):
        for rules, sent, expected in rows:
            flags = [word for rule in rules.items() for word in ("-r", "%d:%d" % rule)]
            init = start_payload(t, DUMB_INIT, "print-signals", str(len(expected)), flags=[*single, *flags])
            init.out.expect("^ready$")
            left = list(expected)
            for number in sent:
                init.signal(number)
                if rules.get(number) != 0:
                    assert init.out.expect(r"^signal (\d+) ")[1] == str(int(left.pop(0))), (rules, number)
            assert init.wait() == 0


@test(needs=[root])
def dumb_init_suspends_its_group_and_itself(t):
    for number in STOPPERS:
        init = start_payload(t, DUMB_INIT, "print-signals", "1")
        init.out.expect("^ready$")
        job = job_of(init)
        init.signal(number)
        for pid in (job, init.pid()):
            wait_for(lambda: is_stopped(pid), f"a stop by {number.name}")
        init.signal(CONT)
        init.out.expect("^signal 18 ")
        assert init.wait() == 0


@test(needs=[root])
def dumb_init_lets_default_rewrites_be_overridden(t):
    rules = dict(zip(STOPPERS, (HUP, TERM, INT)))
    flags = [word for rule in rules.items() for word in ("-r", "%d:%d" % rule)]
    init = start_payload(t, DUMB_INIT, "print-signals", "6", flags=flags)
    init.out.expect("^ready$")
    for sent, expected in rules.items():
        init.signal(sent)
        assert init.out.expect(r"^signal (\d+) ")[1] == str(int(expected))
        wait_for(lambda: is_stopped(init.pid()), "dumb-init to suspend itself all the same")
        init.signal(CONT)
        init.out.expect("^signal 18 ")
    assert init.wait() == 0


@test(needs=[root])
def pid_1_never_suspends_itself(t):
    init = start_payload(t, DUMB_INIT, "print-signals", "2", way=PID1)
    init.out.expect("^ready$")
    job = job_of(init)
    init.signal(signal.SIGTSTP)
    wait_for(lambda: is_stopped(job), "the job to be suspended")
    init.signal(CONT)
    init.out.expect("^signal 18 ")
    assert not is_stopped(init.pid())
    init.signal(USR1)
    init.out.expect("^signal 10 ")
    assert init.wait() == 0


@test(needs=[root])
def catatonit_keeps_the_terminals_stop_signals_to_itself(t):
    for way in BOTH:
        init = start_payload(t, CATATONIT, "print-signals", "1", way=way)
        init.out.expect("^ready$")
        for number in (*STOPPERS, USR1):
            init.signal(number)
        init.out.expect("^signal 10 ")
        assert init.wait() == 0


@test(needs=[root], each=TINI)
def tini_dies_with_its_parent_as_it_was_told(t, name):
    words = [program(t, name), "-s", "-p", "SIGUSR1", "--", copied(t, PAYLOAD), "print-signals", "1"]
    parent = Process(t, ["sh", "-c", 'exec 3<&0; "$@" 3<&- & read line <&3', "sh", *words])
    parent.out.expect("^ready$")
    parent.close_stdin()
    init = parent.out.expect(r"^signal 10 .* pid (\d+) ")[1]
    assert parent.out.rest() == ""
    parent.wait()
    wait_for(lambda: (process_stat(init) or "Z")[0] == "Z", "it to end as well")


def masks(text):
    return {key: int(value, 16) for key, value in re.findall(r"^(Sig\w+):\s*(\w+)$", text, re.M)}


def bits(*numbers):
    return sum(1 << (number - 1) for number in numbers)


@test(needs=[root], each=NAMES)
def inherited_mask_and_ignored_signals_of_the_job(t, name):
    """tini and catatonit keep them, dumb-init starts its command with none."""
    blocked = (signal.SIGTTIN, signal.SIGILL, TERM, USR1, signal.SIGRTMIN + 1)
    ignored = (signal.SIGTTOU, INT, HUP, USR2)

    def before():
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
    for way in BOTH:
        init = start(t, name, "--", "cat", "/proc/self/status", way=way, preexec_fn=before)
        result = masks(init.finish().out)
        if name == DUMB_INIT:
            assert result["SigBlk"] == 0, f"{way}: {result['SigBlk']:x}"
        else:
            # catatonit itself blocks the terminal's three for its job
            excess = result["SigBlk"] & ~bits(*STOPPERS) if name == CATATONIT else result["SigBlk"]
            kept = bits(*blocked) & ~bits(*STOPPERS) if name == CATATONIT else bits(*blocked)
            assert excess == kept, f"{way}: {result['SigBlk']:x}"
            assert result["SigIgn"] & bits(*ignored) == bits(*ignored), f"{way}: {result['SigIgn']:x}"
        assert result["SigCgt"] == 0


# Sessions, groups, terminals

@test(needs=[root], each=NAMES)
def job_has_the_session_and_group_that_each_of_them_gives(t, name):
    rows = {DUMB_INIT: [([], {}, "session"), (["-c"], {}, "shared"), ([], {"DUMB_INIT_SETSID": "0"}, "shared")]}
    for flags, environment, expected in rows.get(name, [([], {}, "group")]):
        for way in BOTH:
            init = start_payload(t, name, "say", "up", "read-line", flags=flags, way=way, environment=environment)
            init.out.expect("^up$")
            job = job_of(init)
            group, session, *_ = fields(job)
            own_group, own_session, *_ = fields(init.pid())
            assert {
                "session": (group, session) == (job, job),
                "group": (group, session) == (job, own_session),
                "shared": (group, session) == (own_group, own_session),
            }[expected], f"{flags} {way}: group {group} session {session}, not {expected}"
            init.process.write("\n")
            assert init.wait() == 0


@test(needs=[root], each=NAMES)
def job_on_a_terminal_is_its_foreground(t, name):
    for way in BOTH:
        init = start_payload(t, name, "say", "up", "read-line", way=way, terminal=True)
        init.process.tty.expect("^up$")
        job = job_of(init)
        group, session, terminal, foreground = fields(job)
        assert foreground == group == job, f"{way}: {foreground} is in the foreground, not {group}"
        assert terminal != 0
        if name == DUMB_INIT:
            assert session == job
        init.process.type("\n")
        assert init.wait() == 0


@test(needs=[root], each=NAMES)
def interrupt_key_ends_the_job(t, name):
    for way in BOTH:
        init = start_payload(t, name, "say", "up", "sleep-forever", way=way, terminal=True)
        init.process.tty.expect("^up$")
        init.process.type("\x03")
        assert init.wait() == 130


@test(needs=[root], each=NAMES)
def shell_on_a_terminal_has_job_control(t, name):
    for way in BOTH:
        for shell in ("bash", "sh"):
            script = 'echo "flags $-"; set -m; sleep 1000 & kill %1; wait; echo through'
            init = start(t, name, "--", shell, "-mc", script, way=way, terminal=True)
            init.process.tty.expect(r"^flags \w*m\w*$")
            init.process.tty.expect("^through$")
            assert init.wait() == 0
            assert "job control" not in init.process.tty.text(), init.process.tty.text()


@test(needs=[root], each=NAMES)
def terminal_is_handed_over_without_a_stray_hangup(t, name):
    for way in BOTH:
        init = start_payload(t, name, "print-signals", "2", way=way, terminal=True)
        init.process.tty.expect("^ready$")
        for number in (USR1, HUP):
            init.signal(number)
            assert init.process.tty.expect(r"^signal (\d+) ")[1] == str(int(number))
        assert init.wait() == 0


# Orphans

@test(needs=[root], each=NAMES)
def orphans_come_to_it_where_they_do_today(t, name):
    """tini becomes no subreaper unless told to, dumb-init never, catatonit always."""
    rows = [(PID1, [], {}, True), (SUBREAPER, [], {}, name == CATATONIT)]
    if name in TINI:
        rows += [(SUBREAPER, ["-s"], {}, True), (SUBREAPER, [], {"TINI_SUBREAPER": ""}, True)]
    for way, flags, environment, expected in rows:
        init = start_payload(t, name, "orphan-parent", "read-line", way=way, flags=flags, environment=environment)
        parent = int(init.out.expect(r"^orphan of (\d+)$")[1])
        assert (parent == (1 if way == PID1 else init.pid())) == expected, f"{way} {flags} {environment}: {parent}"
        init.process.write("\n")
        assert init.wait() == 0


@test(needs=[root], each=NAMES)
def orphans_are_reaped_under_every_name(t, name):
    init = start_payload(t, name, "orphans", "500", "read-line", way=PID1)
    init.out.expect("^orphaned$")
    # tini looks once a second at the latest
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root], each=TINI)
def reaped_orphans_are_told_with_w_only(t, name):
    for flags, way in ((["-s", "-w"], SUBREAPER), (["-w"], PID1), (["-s", "-w", "-vvv"], SUBREAPER)):
        init = start_payload(t, name, "orphans", "1", "read-line", flags=flags, way=way)
        init.err.expect(re.escape(REAPED) + r"\d+")
        init.process.write("\n")
        assert init.wait() == 0
    init = start_payload(t, name, "orphans", "5", "read-line", flags=["-s"])
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
    init.process.write("\n")
    assert REAPED not in init.finish().err


@test(needs=[root], each=TINI)
def tini_warns_when_orphans_go_past_it(t, name):
    def warned(*flags, way=SUBREAPER, **environment):
        return NO_REAPING in start(t, name, *flags, "true", way=way, environment=environment).finish().err
    assert warned()
    assert warned(TINI_VERBOSITY="1")
    assert warned("-v")
    assert not warned(TINI_VERBOSITY="0")
    assert not warned("-s")
    assert not warned(TINI_SUBREAPER="")
    assert not warned(way=PID1)


# What it says

@test(needs=[root], each=TINI)
def tini_tells_of_sigchld_from_verbosity_3_on(t, name):
    line = "Received SIGCHLD"
    for flags, environment, expected in ((["-s"], {}, False), (["-sv"], {}, False), (["-svv"], {}, True),
                                         (["-svvv"], {}, True), (["-s"], {"TINI_VERBOSITY": "2"}, False),
                                         (["-s"], {"TINI_VERBOSITY": "3"}, True),
                                         (["-svv"], {"TINI_VERBOSITY": "1"}, False)):
        result = call(t, name, *flags, "true", **environment)
        assert (line in result.out + result.err) == expected, (flags, environment, repr(result))


@test(needs=[root], each=TINI)
def tini_tells_of_its_child_from_verbosity_2_on(t, name):
    for flags, environment, expected in ((["-s"], {}, False), (["-sv"], {}, True),
                                         (["-s"], {"TINI_VERBOSITY": "2"}, True)):
        result = call(t, name, *flags, "true", **environment)
        assert bool(result.out + result.err) == expected, (flags, environment, repr(result))


@test(needs=[root])
def dumb_init_tells_what_it_does_when_debugged(t):
    for flags, environment in ((["-v"], {}), (["--verbose"], {}), ([], {"DUMB_INIT_DEBUG": "1"})):
        result = call(t, DUMB_INIT, *flags, "echo", "oh, hi", **environment)
        assert result.out == "oh, hi\n"
        lines = result.err.splitlines()
        assert lines and all(line.startswith("[dumb-init] ") for line in lines), repr(result)
        for line in (r"Child spawned with PID \d+\.", r"setsid complete\.", r"Received signal 17\.",
                     r"A child with PID \d+ exited with exit status 0\.", r"Forwarded signal 15 to children\.",
                     r"Child exited with status 0\. Goodbye\."):
            assert re.search(rf"^\[dumb-init\] {line}$", result.err, re.M), f"{line} is not in {result.err}"
    for environment in ({}, {"DUMB_INIT_DEBUG": "0"}, {"DUMB_INIT_DEBUG": ""}):
        assert call(t, DUMB_INIT, "true", **environment).err == ""


@test(needs=[root])
def dumb_init_tells_that_a_hand_over_signal_was_dropped(t):
    init = start_payload(t, DUMB_INIT, "print-signals", "1", flags=["-v"], terminal=True)
    tty = init.process.tty
    tty.expect("^ready$")
    for number, name in ((HUP, "HUP"), (CONT, "CONT")):
        wait_for(lambda: tty.fill_now() or f"Ignoring tty hand-off signal {number.value}" in tty.text(),
                 f"dumb-init to tell of SIG{name}")
    init.signal(HUP)
    tty.expect("^signal 1 ")
    assert init.wait() == 0


@test(needs=[root])
def catatonit_says_more_when_debugged_only(t):
    assert call(t, CATATONIT, "true", CATATONIT_DEBUG="1").err
    assert not call(t, CATATONIT, "true").err


# What PID 1 keeps

@test(needs=[root], each=(DUMB_INIT, CATATONIT))
def directory_of_the_init_is_the_root(t, name):
    if PEERS and name == CATATONIT:
        raise Skip("catatonit does it from 0.2 on")
    for way in BOTH:
        init = start(t, name, "--", "sh", "-c", "pwd; read line", way=way, cwd=t.dir)
        assert init.out.line() == str(t.dir)
        wait_for(lambda: os.readlink(f"/proc/{init.pid()}/cwd") == "/", f"{name} to leave the directory")
        init.process.write("\n")
        assert init.wait() == 0


@test(needs=[root])
def catatonit_keeps_no_descriptor_of_the_job(t):
    reader, writer = os.pipe()
    t.defer(os.close, reader)
    init = start_payload(t, CATATONIT, "say", "up", "close", str(writer), "read-line", pass_fds=[writer])
    os.close(writer)
    init.out.expect("^up$")
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b"", "somebody but the job holds the pipe"
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root])
def catatonit_hands_passed_sockets_on(t):
    script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" -- sh -c \'echo $LISTEN_FDS $((LISTEN_PID == $$))\''
    result = Process(t, ["sh", "-c", script, program(t, CATATONIT)], stdin=subprocess.DEVNULL).finish()
    assert result.out == "1 1\n", repr(result)
    script = 'export LISTEN_FDS=1 LISTEN_PID=1234567; exec "$0" -- sh -c \'echo $LISTEN_PID\''
    result = Process(t, ["sh", "-c", script, program(t, CATATONIT)], stdin=subprocess.DEVNULL).finish()
    assert result.out == "1234567\n", repr(result)


# Pause

@test(needs=[root])
def catatonit_pauses_until_it_is_told_to_go(t):
    for way in BOTH:
        for number in (INT, TERM):
            init = start(t, CATATONIT, "-P", way=way)
            pid = init.pid()
            # Once it blocks signals they are not lost any more.
            wait_for(lambda: masks(open(f"/proc/{pid}/status").read())["SigBlk"] & bits(USR1), "signals to be blocked")
            for other in (USR1, HUP, signal.SIGTSTP):
                init.signal(other)
            init.signal(number)
            assert init.wait() == 0


@test(needs=[root])
def catatonit_reaps_while_it_pauses(t):
    init = start(t, CATATONIT, "-P", way=PID1)
    pid = init.pid()
    wait_for(lambda: masks(open(f"/proc/{pid}/status").read())["SigBlk"] & bits(USR1), "signals to be blocked")
    init.run_inside(copied(t, PAYLOAD), "orphans", "20")
    wait_for(lambda: not children(pid), "the orphans to be reaped")
    init.signal(TERM)
    assert init.wait() == 0


# What the three do not do

@test(needs=[root, better_than_peers("tini looks once a second")])
def nothing_wakes_it_while_nothing_happens(t):
    inits = {}
    for name in NAMES:
        init = start_payload(t, name, "print-signals", "1", "sleep-for", "1100", "say", "slept", "read-line")
        init.out.expect("^ready$")
        init.signal(USR1)
        init.out.expect("^signal 10 ")
        wait_for(lambda: process_stat(init.pid())[0] == "S", f"{name} to sleep")
        inits[name] = init, context_switches(init.pid())
    for name, (init, before) in inits.items():
        init.out.expect("^slept$")
        assert context_switches(init.pid()) == before, f"{name} woke up"
        init.process.write("\n")
        assert init.wait() == 0
