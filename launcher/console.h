/* The container's standard streams. A stream of the caller's is handed in as it is only when that gives the
 * container nothing to play with: pipes, sockets and files are; terminals and other devices never (a payload
 * could push input into a terminal, or change the mode of the host's /dev/null), they are pumped through a
 * pipe, or through a terminal of the container's own. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "common/loop.h"
#include "launcher/failure.h"
#include "launcher/log-file.h"

enum stream_kind {
    STREAM_NULL,     /* the container's own /dev/null */
    STREAM_DIRECT,   /* child_fd is the caller's */
    STREAM_PIPE,     /* child_fd is one end of a pipe, pump_fd the other */
    STREAM_TERMINAL, /* the container's own terminal */
};

struct console_stream {
    enum stream_kind kind;
    int child_fd; /* for the container */
    int pump_fd;  /* the monitor's end of a pipe */
};

struct pump;

struct console {
    struct console_stream streams[3];
    struct log_file log; /* of a detached container */
    bool detached;
    int master_fd; /* of the container's terminal */
    struct pump *pumps[3];
    struct termios saved; /* of the caller's terminal */
    bool raw;
};

/* What the streams will be, and their pipes. log_dir_fd: where a detached container's output is kept. */
int console_open(struct console *console, bool interactive, bool tty, bool detach, int log_dir_fd,
                 struct failure *failure);
/* The container has its ends now. */
void console_close_child_ends(struct console *console);
/* Begins to pump, in the monitor's loop. */
int console_start(struct console *console, struct loop *loop);
/* The caller's window changed: the container's terminal follows. */
void console_resize(const struct console *console);
/* Writes out what is still in the pipes, and gives the caller's terminal back as it was. */
void console_finish(struct console *console);
void console_done(struct console *console);
/* Copies the size of the first of the caller's streams that is a terminal. */
void console_copy_size(int terminal_fd);

#define CONSOLE_INIT                                                                                         \
    {                                                                                                        \
        .streams = {{STREAM_NULL, -EBADF, -EBADF},                                                           \
                    {STREAM_NULL, -EBADF, -EBADF},                                                           \
                    {STREAM_NULL, -EBADF, -EBADF}},                                                          \
        .log = {.fd = -EBADF}, .master_fd = -EBADF,                                                          \
    }
