/* Streams and the pumps between them: a pump reads only when its output has taken what came before, so that
 * nobody waits for anybody and nothing is held but one buffer. */
#include "launcher/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "common/fd.h"

#define PUMP_BUFFER_SIZE 65536
#define FINISH_PATIENCE  (2 * USEC_PER_SEC) /* for a terminal that takes nothing (^S) at the end */

/* Bytes from one descriptor to another, or to the log. */
struct pump {
    struct loop *loop;
    struct loop_source in;
    struct loop_source out; /* fd -EBADF: the log */
    struct log_file *log;
    bool waiting_for_output;
    bool owns_out;
    size_t begin, end;
    char buffer[PUMP_BUFFER_SIZE];
};

static void pump_stop(struct pump *pump)
{
    loop_remove(pump->loop, &pump->in);
    if (pump->waiting_for_output)
        loop_remove(pump->loop, &pump->out);
    pump->waiting_for_output = false;
    if (pump->owns_out)
        pump->out.fd = close_fd(pump->out.fd);
}

/* Writes what the buffer holds: 0 when it is empty then, -EAGAIN when the output takes no more now. */
static int pump_flush(struct pump *pump)
{
    while (pump->begin < pump->end) {
        size_t size = pump->end - pump->begin;
        if (pump->log) {
            int r = log_file_write(pump->log, pump->buffer + pump->begin, size);
            if (r < 0)
                return r;
            pump->begin = pump->end;
            break;
        }
        ssize_t n = write(pump->out.fd, pump->buffer + pump->begin, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        pump->begin += (size_t)n;
    }
    pump->begin = pump->end = 0;
    return 0;
}

/* 1: something came, 0: the end (a terminal says EIO when nobody holds it any more), -EAGAIN: nothing now. */
static int pump_fill(struct pump *pump)
{
    ssize_t n = read(pump->in.fd, pump->buffer, sizeof(pump->buffer));
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : 0;
    pump->end = (size_t)n;
    return n > 0;
}

static void pump_in_ready(struct loop_source *source, uint32_t events)
{
    struct pump *pump = CONTAINER_OF(source, struct pump, in);

    int r = pump_fill(pump);
    if (r == -EAGAIN)
        return;
    if (r == 0) {
        pump_stop(pump);
        return;
    }
    r = pump_flush(pump);
    if (r == -EAGAIN) {
        loop_remove(pump->loop, &pump->in);
        pump->waiting_for_output = loop_add(pump->loop, &pump->out, EPOLLOUT) >= 0;
    } else if (r < 0)
        pump->begin = pump->end =
            0; /* the reader is gone: what the container prints goes nowhere, as with any pipe */
}

static void pump_out_ready(struct loop_source *source, uint32_t events)
{
    struct pump *pump = CONTAINER_OF(source, struct pump, out);

    if (pump_flush(pump) == -EAGAIN)
        return;
    pump->begin = pump->end = 0;
    loop_remove(pump->loop, &pump->out);
    pump->waiting_for_output = false;
    (void)loop_add(pump->loop, &pump->in, EPOLLIN);
}

/* An own open file description: our non-blocking flag must not become the caller's shell's. A file never
 * blocks, and opened anew it would be written from its beginning. */
static int reopen(int fd, int flags)
{
    struct stat st;
    char path[32];
    if (fstat(fd, &st) >= 0 && S_ISREG(st.st_mode))
        return fcntl(fd, F_DUPFD_CLOEXEC, 3);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int own = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int pump_start(struct console *console, unsigned index, struct loop *loop, int in, int out,
                      bool owns_out)
{
    struct pump *pump = calloc(1, sizeof(*pump));
    if (!pump)
        return -ENOMEM;
    pump->loop = loop;
    pump->in = (struct loop_source){.fd = in, .ready = pump_in_ready};
    pump->out = (struct loop_source){.fd = out, .ready = pump_out_ready};
    pump->log = out < 0 ? &console->log : NULL;
    pump->owns_out = owns_out;
    console->pumps[index] = pump;
    return loop_add(loop, &pump->in, EPOLLIN);
}

/* Whether the container may hold the caller's stream itself. */
static enum stream_kind kind_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return STREAM_NULL; /* closed */
    return S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? STREAM_PIPE : STREAM_DIRECT;
}

static int open_pipe(struct console_stream *stream, bool for_input)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0)
        return -errno;
    stream->child_fd = pair[for_input ? 0 : 1];
    stream->pump_fd = pair[for_input ? 1 : 0];
    return fcntl(stream->pump_fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int console_open(struct console *console, bool interactive, bool tty, bool detach, int log_dir_fd,
                 struct failure *failure)
{
    console->detached = detach;
    if (detach) {
        int r = log_file_open(&console->log, log_dir_fd);
        if (r < 0)
            return fail(failure, r, "log file: %s", strerror(-r));
    }
    for (int number = 0; number < 3; number++) {
        struct console_stream *stream = &console->streams[number];
        int r = 0;
        if (tty)
            stream->kind = STREAM_TERMINAL;
        else if (number == 0 && (!interactive || detach))
            stream->kind = STREAM_NULL;
        else
            stream->kind = detach ? STREAM_PIPE : kind_of(number);
        if (stream->kind == STREAM_DIRECT)
            stream->child_fd = number;
        else if (stream->kind == STREAM_PIPE)
            r = open_pipe(stream, number == 0);
        if (r < 0)
            return fail(failure, r, "standard stream %d: %s", number, strerror(-r));
    }
    return 0;
}

void console_close_child_ends(struct console *console)
{
    FOREACH_ARRAY (stream, console->streams, ELEMENTSOF(console->streams))
        if (stream->kind == STREAM_PIPE)
            stream->child_fd = close_fd(stream->child_fd);
}

void console_copy_size(int terminal_fd)
{
    struct winsize size;
    for (int number = 0; number < 3; number++)
        if (ioctl(number, TIOCGWINSZ, &size) >= 0) {
            (void)ioctl(terminal_fd, TIOCSWINSZ, &size);
            return;
        }
}

void console_resize(const struct console *console)
{
    if (console->master_fd >= 0)
        console_copy_size(console->master_fd);
}

/* The caller's terminal passes every key on to the container's. */
static void make_raw(struct console *console)
{
    struct termios raw;
    if (tcgetattr(STDIN_FILENO, &console->saved) < 0)
        return;
    raw = console->saved;
    cfmakeraw(&raw);
    console->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) >= 0;
}

static int start_terminal(struct console *console, struct loop *loop)
{
    if (fcntl(console->master_fd, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    int out = reopen(STDOUT_FILENO, O_WRONLY);
    if (out < 0)
        return -errno;
    make_raw(console);
    int r = pump_start(console, 1, loop, console->master_fd, out, true);
    /* Standard input may be something that epoll does not take (a regular file): then there is no input. */
    int in = r < 0 ? -EBADF : reopen(STDIN_FILENO, O_RDONLY);
    if (in >= 0)
        (void)pump_start(console, 0, loop, in, console->master_fd, false);
    return r;
}

int console_start(struct console *console, struct loop *loop)
{
    if (console->master_fd >= 0)
        return start_terminal(console, loop);
    for (unsigned number = 0; number < 3; number++) {
        struct console_stream *stream = &console->streams[number];
        int r = 0;
        if (stream->kind != STREAM_PIPE)
            continue;
        if (number == 0)
            r = pump_start(console, 0, loop, STDIN_FILENO, TAKE_FD(stream->pump_fd), true);
        else if (console->detached)
            r = pump_start(console, number, loop, stream->pump_fd, -EBADF, false);
        else
            r = pump_start(console, number, loop, stream->pump_fd, reopen((int)number, O_WRONLY), true);
        if (r == -EPERM && number == 0) {
            pump_stop(
                console->pumps[0]); /* a device that cannot be waited for (/dev/null) is an empty input */
            continue;
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* All writers are dead: what is in the pipe is all there is. */
static void pump_finish(struct pump *pump)
{
    usec_t deadline = now_monotonic() + FINISH_PATIENCE;
    do {
        int r;
        while ((r = pump_flush(pump)) == -EAGAIN)
            if (wait_for_fd(pump->out.fd, POLLOUT, deadline) < 0)
                return;
        if (r < 0)
            return;
    } while (pump_fill(pump) == 1);
}

void console_finish(struct console *console)
{
    for (unsigned number = 1; number < 3; number++)
        if (console->pumps[number] && (console->pumps[number]->out.fd >= 0 || console->pumps[number]->log))
            pump_finish(console->pumps[number]);
    if (console->raw)
        (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &console->saved);
    console->raw = false;
}

void console_done(struct console *console)
{
    console_finish(console);
    for (unsigned number = 0; number < 3; number++) {
        struct console_stream *stream = &console->streams[number];
        if (console->pumps[number])
            pump_stop(console->pumps[number]);
        free(console->pumps[number]);
        if (stream->kind == STREAM_PIPE) {
            close_fd(stream->child_fd);
            close_fd(stream->pump_fd);
        }
    }
    close_fd(console->master_fd);
    log_file_done(&console->log);
    *console = (struct console)CONSOLE_INIT;
}
