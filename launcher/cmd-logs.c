/* berth logs: of services, what PID 1 keeps; of a detached command, the log file of its monitor. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/record.h"
#include "common/text.h"
#include "launcher/client.h"
#include "launcher/options.h"
#include "launcher/verbs.h"

#define LINES_ALL 100000u

struct logs_arguments {
    bool follow;
    unsigned lines;
};

static const unsigned lines_range[] = {0, LINES_ALL};

static const struct option_spec logs_options[] = {
    {"follow", 'f', NULL, "go on with new lines", option_flag, offsetof(struct logs_arguments, follow)},
    {"lines", 'n', "N", "only the last N lines", option_unsigned, offsetof(struct logs_arguments, lines),
     lines_range},
};

static int print_log_record(char *packet, size_t size, void *userdata)
{
    const bool *one_unit = userdata;
    _cleanup_free_ char *unit = record_get(packet, size, "Unit"), *line = record_get(packet, size, "Line");
    if (!line)
        return 0;
    if (*one_unit || !unit)
        printf("%s\n", line);
    else
        printf("%.*s: %s\n", (int)strcspn(unit, "."), unit, line);
    return fflush(stdout) == 0 ? 0 : -EPIPE;
}

/* Everything from the descriptor's offset to the present end. */
static int copy_to_stdout(int fd)
{
    char buffer[65536];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
        int r = write_all(STDOUT_FILENO, buffer, (size_t)n);
        if (r < 0)
            return r;
    }
    return n < 0 ? -errno : 0;
}

/* Puts the offset to where the last n lines begin; returns how many there are before that, at most n. */
static int seek_last_lines(int fd, unsigned n, unsigned *ret_found)
{
    char buffer[65536];
    off_t end = lseek(fd, 0, SEEK_END), at = end;
    unsigned found = 0;

    while (at > 0) {
        size_t size = (size_t)MIN(at, (off_t)sizeof(buffer));
        at -= (off_t)size;
        if (pread(fd, buffer, size, at) != (ssize_t)size)
            return -EIO;
        for (size_t i = size; i-- > 0;) {
            /* The newline that ends the file ends its last line, and begins none. */
            if (buffer[i] != '\n' || at + (off_t)i + 1 == end)
                continue;
            if (++found == n) {
                *ret_found = found;
                return lseek(fd, at + (off_t)i + 1, SEEK_SET) < 0 ? -errno : 0;
            }
        }
    }
    *ret_found = end > 0 ? found + 1 : 0;
    return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int open_log(const struct state *state, const char *name)
{
    int fd = openat(state->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : fd;
}

/* The last lines of the older file, as far as the newer one has too few. */
static int print_older(const struct state *state, unsigned missing)
{
    unsigned found;
    _cleanup_close_ int fd = open_log(state, "log.old");
    if (fd < 0 || missing == 0)
        return 0;
    int r = seek_last_lines(fd, missing, &found);
    return r < 0 ? r : copy_to_stdout(fd);
}

/* Waits for the next thing that happens to the log, or to the container: its end removes the directory. */
static int wait_for_change(int watch)
{
    char events[4096];
    int r = wait_for_fd(watch, POLLIN, USEC_INFINITY);
    if (r < 0)
        return r;
    return read(watch, events, sizeof(events)) < 0 ? -errno : 0;
}

/* Until the container has ended. A rotation gives the name to a new file: the old one is read to its end
 * first. */
static int follow_log(const struct state *state, int *fd)
{
    char path[64];
    _cleanup_close_ int watch = inotify_init1(IN_CLOEXEC);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", state->dir_fd);
    if (watch < 0 || inotify_add_watch(watch, path, IN_MODIFY | IN_CREATE | IN_DELETE | IN_DELETE_SELF) < 0)
        return -errno;
    for (;;) {
        struct stat held, named;
        int r = copy_to_stdout(*fd);
        if (r < 0)
            return r;
        if (fstatat(state->dir_fd, "log", &named, AT_SYMLINK_NOFOLLOW) < 0)
            return errno == ENOENT ? 0 : -errno;
        if (fstat(*fd, &held) < 0)
            return -errno;
        if (held.st_ino != named.st_ino) {
            close_fd(*fd);
            *fd = open_log(state, "log");
            if (*fd < 0)
                return *fd == -ENOENT ? 0 : *fd;
            continue;
        }
        r = wait_for_change(watch);
        if (r < 0)
            return r;
    }
}

static int print_log_file(const struct state *state, const struct logs_arguments *arguments,
                          struct failure *failure)
{
    unsigned found = 0;
    _cleanup_close_ int fd = open_log(state, "log");

    if (fd == -ENOENT)
        return fail(failure, fd, "container %s runs in the foreground: its output went there", state->name);
    int r = fd < 0 ? fd : seek_last_lines(fd, MAX(arguments->lines, 1u), &found);
    if (r >= 0 && arguments->lines == 0)
        r = lseek(fd, 0, SEEK_END) < 0 ? -errno : 0;
    if (r >= 0)
        r = print_older(state, arguments->lines > found ? arguments->lines - found : 0);
    if (r >= 0)
        r = arguments->follow ? follow_log(state, &fd) : copy_to_stdout(fd);
    return r < 0 && r != -EPIPE ? fail(failure, r, "log of container %s: %s", state->name, strerror(-r)) : 0;
}

/* What services printed: PID 1 has it. */
static int ask_init(const struct state *state, const struct logs_arguments *arguments, char *const *units,
                    struct failure *failure)
{
    _cleanup_strv_ char **words = NULL;
    struct control_result result = {};
    bool one_unit = strv_length(units) == 1;

    int r = strv_consume(&words, xasprintf("--lines=%u", arguments->lines));
    if (r >= 0 && arguments->follow)
        r = strv_append(&words, "--follow");
    if (r >= 0)
        r = strv_append(&words, "logs");
    for (; *units && r >= 0; units++)
        r = strv_append(&words, *units);
    r = r < 0 ? fail(failure, r, "out of memory")
              : client_call(state, "control", words, print_log_record, &one_unit, &result, failure);
    return r < 0 ? r : client_finish(state->name, &result);
}

int cmd_logs(int argc, char **argv)
{
    struct logs_arguments arguments = {.lines = LINES_ALL};
    _cleanup_state_ struct state state = STATE_INIT;
    _cleanup_state_record_ struct state_record record = {};
    struct failure failure = {};

    int n = options_parse(logs_options, ELEMENTSOF(logs_options), &arguments, argc, argv, &failure);
    if (n == -ECANCELED) {
        puts("berth logs [OPTIONS] NAME [UNIT...]\n");
        options_print_help(logs_options, ELEMENTSOF(logs_options));
        return 0;
    }
    if (n >= 0 && argc - n < 1)
        n = fail(&failure, -EINVAL, "needs the container's name: berth logs NAME [UNIT...]");
    int r = n < 0 ? n : client_open(argv[n], &state, &failure);
    if (r >= 0 && (r = state_read(&state, &record)) < 0)
        (void)fail(&failure, r, "container %s is still starting", argv[n]);
    if (r >= 0)
        r = record.boot ? ask_init(&state, &arguments, argv + n + 1, &failure)
                        : print_log_file(&state, &arguments, &failure);
    return r < 0 ? report_failure(&failure) : r;
}
