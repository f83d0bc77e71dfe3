/* Taking a terminal, and leaving it in order. */
#include "init/platform/exec-terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/macro.h"

#define TTY_MODE_UNUSED 0600

const char *exec_terminal_path(const struct exec_context *context)
{
    return context->tty_path ? context->tty_path : "/dev/console";
}

/* Never the session's own by accident, and never waiting for a modem. */
static int open_terminal(const struct exec_context *context)
{
    int fd = open(exec_terminal_path(context), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (isatty(fd))
        return fd;
    (void)close(fd);
    return -ENOTTY;
}

/* As a terminal is that nobody has used; its speed and size stay. */
static void make_sane(int fd)
{
    struct termios termios;

    (void)ioctl(fd, TIOCNXCL);
    if (tcgetattr(fd, &termios) < 0)
        return;
    termios.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | ISTRIP | INLCR | IGNCR | IUCLC);
    termios.c_iflag |= ICRNL | IMAXBEL | IUTF8;
    termios.c_oflag |= ONLCR | OPOST;
    termios.c_cflag |= CREAD;
    termios.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    termios.c_cc[VINTR] = 3;
    termios.c_cc[VQUIT] = 28;
    termios.c_cc[VERASE] = 127;
    termios.c_cc[VKILL] = 21;
    termios.c_cc[VEOF] = 4;
    termios.c_cc[VSTART] = 17;
    termios.c_cc[VSTOP] = 19;
    termios.c_cc[VSUSP] = 26;
    termios.c_cc[VEOL] = 0;
    termios.c_cc[VTIME] = 0;
    termios.c_cc[VMIN] = 1;
    (void)tcsetattr(fd, TCSANOW, &termios);
    (void)tcflush(fd, TCIOFLUSH);
}

void exec_terminal_reset(const struct exec_context *context)
{
    if (!context->tty_reset && !context->tty_vhangup)
        return;
    if (context->tty_vhangup) {
        _cleanup_close_ int fd = open_terminal(context);
        if (fd >= 0)
            (void)ioctl(fd, TIOCVHANGUP);
    }
    /* Anew: whoever had it open has been hung up, we as well. */
    _cleanup_close_ int fd = open_terminal(context);
    if (fd >= 0 && context->tty_reset)
        make_sane(fd);
}

/* 0, or -EPERM when it is the terminal of another session. A terminal that is taken away sends SIGHUP to whom
 * it was taken from; when that was the same session it would hit us. */
static int make_controlling(int fd, bool force)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, old;

    (void)sigaction(SIGHUP, &ignore, &old);
    int r = ioctl(fd, TIOCSCTTY, force) < 0 ? -errno : 0;
    (void)sigaction(SIGHUP, &old, NULL);
    return r;
}

/* Until somebody closes it, who may have been the one that has it. */
static int wait_for_close(int watch)
{
    char events[sizeof(struct inotify_event) + 256]; /* a file that is watched has no name */
    ssize_t n;

    do
        n = read(watch, events, sizeof(events));
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static int make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

int exec_terminal_acquire(const struct exec_context *context)
{
    bool waits = context->std_input == INPUT_TTY, force = context->std_input == INPUT_TTY_FORCE;
    _cleanup_close_ int watch = -EBADF;

    if (waits) {
        watch = inotify_init1(IN_CLOEXEC);
        if (watch < 0 || inotify_add_watch(watch, exec_terminal_path(context), IN_CLOSE) < 0)
            return -errno;
    }
    for (;;) {
        _cleanup_close_ int fd = open_terminal(context);
        if (fd < 0)
            return fd;
        int r = make_controlling(fd, force);
        if (r == 0)
            r = make_blocking(fd);
        if (r == 0)
            return TAKE_FD(fd);
        if (r != -EPERM || !waits)
            return r;
        r = wait_for_close(watch);
        if (r < 0)
            return r;
    }
}

void exec_terminal_release(const struct exec_context *context)
{
    exec_terminal_reset(context);
    if (!exec_input_is_terminal(context->std_input) || !context->user)
        return;
    _cleanup_close_ int fd = open_terminal(context);
    if (fd >= 0 && fchown(fd, 0, (gid_t)-1) == 0)
        (void)fchmod(fd, TTY_MODE_UNUSED);
}
