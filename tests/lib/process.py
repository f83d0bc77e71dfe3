"""Processes that a test starts: lines with a deadline, signals by pidfd, terminals, and a sure end."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import DEADLINE
from host import descendants, kill_all


class Result:
    """How a program ended. status: the exit status, or 128 + N when signal N ended it, as a shell says it."""

    def __init__(self, argv, status, out, err):
        self.argv = argv
        self.status = status
        self.out = out
        self.err = err

    def __repr__(self):
        return f"{' '.join(map(str, self.argv))}: status {self.status}\nout: {self.out!r}\nerr: {self.err!r}"


class Stream:
    """The reading end of a pipe or a terminal, as lines. What was read is printed into the test's log."""

    def __init__(self, fd, label):
        self.fd = fd
        self.label = label
        self.buffer = b""
        self.seen = b""
        self.eof = False
        os.set_blocking(fd, False)

    def fill(self, end):
        """Waits for more bytes until the time `end`; False when there come none any more."""
        if self.eof:
            return False
        poll = select.poll()
        poll.register(self.fd, select.POLLIN | select.POLLHUP)
        if not poll.poll(max(0, end - time.monotonic()) * 1000):
            raise AssertionError(f"nothing more came on {self.label}; so far: {self.text()!r}")
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return True
        except OSError:  # a terminal whose other side is closed gives EIO
            data = b""
        self.eof = not data
        self.buffer += data
        self.seen += data
        return bool(data)

    def fill_now(self):
        """Takes what is there already, a pipe's worth at most (more may come all the time); waits for nothing."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        enough = len(self.seen) + (1 << 16)
        while len(self.seen) < enough and poll.poll(0) and self.fill(time.monotonic()):
            pass

    def line(self, deadline=DEADLINE):
        """The next line without its end, None at the end of the stream."""
        end = time.monotonic() + deadline
        while b"\n" not in self.buffer:
            if not self.fill(end):
                rest, self.buffer = self.buffer, b""
                return rest.decode(errors="replace") if rest else None
        line, self.buffer = self.buffer.split(b"\n", 1)
        line = line.decode(errors="replace").rstrip("\r")
        print(f"{self.label}: {line}")
        return line

    def expect(self, pattern, deadline=DEADLINE):
        """Reads lines until one matches; returns the match."""
        end = time.monotonic() + deadline
        while True:
            line = self.line(end - time.monotonic())
            if line is None:
                raise AssertionError(f"{self.label} ended without {pattern!r}; all of it: {self.text()!r}")
            match = re.search(pattern, line)
            if match:
                return match

    def expect_text(self, pattern, deadline=DEADLINE):
        """Reads until what came since the last call matches, whole lines or not (prompts)."""
        end = time.monotonic() + deadline
        while True:
            match = re.search(pattern.encode(), self.buffer)
            if match:
                self.buffer = self.buffer[match.end():]
                return match
            if not self.fill(end):
                raise AssertionError(f"{self.label} ended without {pattern!r}; all of it: {self.text()!r}")

    def rest(self, deadline=DEADLINE):
        """All that comes until the end of the stream."""
        end = time.monotonic() + deadline
        while self.fill(end):
            pass
        rest, self.buffer = self.buffer, b""
        return rest.decode(errors="replace")

    def text(self):
        return self.seen.decode(errors="replace")


class Process:
    """A program with pipes on 0, 1 and 2 (or what the keywords of subprocess.Popen say). It is killed at the
    end of the test when it is still there."""

    def __init__(self, t, argv, **options):
        self.argv = [str(word) for word in argv]
        print("+", " ".join(self.argv))
        for name in ("stdin", "stdout", "stderr"):
            options.setdefault(name, subprocess.PIPE)
        self._popen = subprocess.Popen(self.argv, bufsize=0, **options)
        self.pid = self._popen.pid
        self.pidfd = os.pidfd_open(self.pid)
        self.stdin = self._popen.stdin
        self.out = Stream(self._popen.stdout.fileno(), "out") if self._popen.stdout else None
        self.err = Stream(self._popen.stderr.fileno(), "err") if self._popen.stderr else None
        t.defer(self.close)

    def signal(self, number):
        signal.pidfd_send_signal(self.pidfd, number)

    def is_running(self):
        return self._popen.poll() is None

    def write(self, text):
        self.stdin.write(text.encode())

    def close_stdin(self):
        self.stdin.close()

    def wait(self, deadline=DEADLINE):
        """Waits for the end; returns the status as a shell says it."""
        if self._popen.returncode is None:
            poll = select.poll()
            poll.register(self.pidfd, select.POLLIN)
            if not poll.poll(deadline * 1000):
                raise AssertionError(f"{' '.join(self.argv)} (pid {self.pid}) still runs after {deadline} s")
        status = self._popen.wait()
        return 128 - status if status < 0 else status

    def finish(self, deadline=DEADLINE):
        """Closes its input, waits for the end of its output and of itself."""
        if self.stdin:
            self.stdin.close()
        streams = [stream for stream in (self.out, self.err) if stream]
        _fill_both(streams, deadline)
        for stream in streams:
            stream.buffer = b""
        result = Result(self.argv, self.wait(deadline),
                        self.out.text() if self.out else "", self.err.text() if self.err else "")
        print(result)
        return result

    def close(self):
        """Ends it if it still runs. Closing twice is fine."""
        if self.pidfd < 0:
            return
        if self.is_running():
            kill_all([self.pid, *descendants(self.pid)])
        self._popen.wait()
        for stream in (self.out, self.err):
            if stream:
                self._print_rest(stream)
        for file in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
            if file:
                file.close()
        os.close(self.pidfd)
        self.pidfd = -1

    @staticmethod
    def _print_rest(stream):
        """What nobody has read goes to the test's log."""
        stream.fill_now()
        if stream.buffer:
            print(f"{stream.label}, not read: {stream.buffer.decode(errors='replace')}")


def _fill_both(streams, deadline):
    """Reads several streams at once, so that none of them blocks the program."""
    end = time.monotonic() + deadline
    while True:
        open_streams = {stream.fd: stream for stream in streams if not stream.eof}
        if not open_streams:
            return
        poll = select.poll()
        for fd in open_streams:
            poll.register(fd, select.POLLIN | select.POLLHUP)
        ready = poll.poll(max(0, end - time.monotonic()) * 1000)
        if not ready:
            raise AssertionError(f"still open after {deadline} s: "
                                 + ", ".join(f"{s.label} {s.text()!r}" for s in open_streams.values()))
        for fd, _ in ready:
            open_streams[fd].fill(end)


def run(t, argv, deadline=DEADLINE, **options):
    """Runs a program to its end; returns its Result."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return Process(t, argv, **options).finish(deadline)


def check(t, argv, deadline=DEADLINE, **options):
    """As run(), and the program must succeed; returns what it printed."""
    result = run(t, argv, deadline, **options)
    assert result.status == 0, repr(result)
    return result.out


class Terminal(Process):
    """A program in a session of its own on a new terminal; `self.tty` is what it prints there."""

    def __init__(self, t, argv, rows=24, columns=80, **options):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        super().__init__(t, argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                         preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        os.close(slave)
        self.tty = Stream(self.master, "tty")
        t.defer(os.close, self.master)

    def type(self, text):
        os.write(self.master, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
