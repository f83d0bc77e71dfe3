/* payload: the program that tests run inside of containers, static so that it runs in any root. Its arguments
 * are verbs, carried out one after the other ("payload ignore-term notify READY=1 sleep-forever"); the table
 * at the end lists them. The exit status is 0 when all were carried out, 1 with a line on standard error when
 * one failed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"

#define FORK_BOMB_MAX 10000
#define EAT_CHUNK     (1024 * 1024)

static _noreturn_ void fail(const char *what)
{
    fprintf(stderr, "payload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _noreturn_ void fail_with(int error, const char *what)
{
    errno = error;
    fail(what);
}

/* One datagram to $NOTIFY_SOCKET, as sd_notify(3) sends it; "\\n" in the text separates assignments. */
static void verb_notify(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char message[1024];
    size_t size = 0;
    int fd;

    if (!path || strlen(path) >= sizeof(address.sun_path))
        fail_with(EDESTADDRREQ, "$NOTIFY_SOCKET");
    strcpy(address.sun_path, path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    while (*text && size < sizeof(message)) {
        bool newline = strncmp(text, "\\n", 2) == 0;

        message[size++] = newline ? '\n' : *text;
        text += newline ? 2 : 1;
    }
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, message, size, 0, (struct sockaddr *)&address,
                         offsetof(struct sockaddr_un, sun_path) + strlen(path)) < 0)
        fail(path);
    close(fd);
}

static void verb_ignore_term(const char *arg)
{
    signal(SIGTERM, SIG_IGN);
}

static void verb_say(const char *text)
{
    if (dprintf(STDOUT_FILENO, "%s\n", text) < 0)
        fail("standard output");
}

static void verb_close(const char *fd)
{
    close(atoi(fd));
}

/* Sleeping children until there can be no more; they die with this process. */
static void verb_fork_bomb(const char *arg)
{
    int n = 0;

    while (n < FORK_BOMB_MAX) {
        pid_t pid = fork();

        if (pid < 0)
            break;
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                pause();
        }
        n++;
    }
    dprintf(STDOUT_FILENO, "forked %d: %s\n", n, n < FORK_BOMB_MAX ? strerror(errno) : "no limit");
}

/* Touches memory until the kernel ends it, or up to so many MiB. */
static void verb_eat_memory(const char *mebibytes)
{
    for (long i = 0, n = atol(mebibytes); n == 0 || i < n; i++) {
        char *chunk = malloc(EAT_CHUNK);

        if (!chunk)
            fail("malloc");
        memset(chunk, 1 + (int)(i % 255), EAT_CHUNK);
    }
    verb_say("ate");
}

static _noreturn_ void verb_exit(const char *status)
{
    exit(atoi(status));
}

static void verb_abort(const char *arg)
{
    abort();
}

static void verb_raise(const char *number)
{
    raise(atoi(number));
}

/* Says "ready", then one line for each signal: number, how it was sent, the sender's pid, the value. Ends
 * after so many. */
static void verb_print_signals(const char *count)
{
    struct signalfd_siginfo info;
    sigset_t all;
    int fd;

    memset(&all, 0xff, sizeof(all)); /* sigfillset(3) leaves out what libc keeps for itself */
    sigprocmask(SIG_BLOCK, &all, NULL);
    fd = signalfd(-1, &all, SFD_CLOEXEC);
    if (fd < 0)
        fail("signalfd");
    verb_say("ready");
    for (int i = 0; i < atoi(count); i++) {
        if (read(fd, &info, sizeof(info)) != sizeof(info))
            fail("signalfd");
        dprintf(STDOUT_FILENO, "signal %u code %d pid %u value %d\n", info.ssi_signo, info.ssi_code,
                info.ssi_pid, info.ssi_int);
    }
    close(fd);
}

/* So many processes whose parent dies first: PID 1 or the subreaper has to reap them. */
static void verb_orphans(const char *count)
{
    for (int i = 0; i < atoi(count); i++) {
        pid_t pid = fork();

        if (pid < 0)
            fail("fork");
        if (pid == 0)
            _exit(fork() < 0);
        if (waitpid(pid, NULL, 0) < 0)
            fail("waitpid");
    }
    verb_say("orphaned");
}

/* Looks every millisecond: there need not be inotify in a container. */
static void verb_wait_file(const char *path)
{
    const struct timespec interval = {.tv_nsec = 1000000};
    struct stat st;

    while (stat(path, &st) < 0)
        nanosleep(&interval, NULL);
}

static void verb_open_terminal(const char *arg)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 || unlockpt(fd) < 0)
        fail("posix_openpt");
    verb_say(ptsname(fd));
    close(fd);
}

static void verb_sleep_forever(const char *arg)
{
    for (;;)
        pause();
}

static const struct verb {
    const char *name;
    bool takes_argument;
    void (*run)(const char *argument);
} verbs[] = {
    {"notify", true, verb_notify},                /* TEXT to $NOTIFY_SOCKET */
    {"ignore-term", false, verb_ignore_term},     /* from here on */
    {"say", true, verb_say},                      /* TEXT as a line on standard output */
    {"close", true, verb_close},                  /* FD */
    {"fork-bomb", false, verb_fork_bomb},         /* says how many there were */
    {"eat-memory", true, verb_eat_memory},        /* MiB; 0: until it is killed */
    {"exit", true, verb_exit},                    /* STATUS */
    {"abort", false, verb_abort},                 /* SIGABRT */
    {"raise", true, verb_raise},                  /* SIGNAL by number */
    {"print-signals", true, verb_print_signals},  /* COUNT of them */
    {"orphans", true, verb_orphans},              /* COUNT */
    {"wait-file", true, verb_wait_file},          /* PATH */
    {"open-terminal", false, verb_open_terminal}, /* a new one, and says its name */
    {"sleep-forever", false, verb_sleep_forever},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    fail_with(EINVAL, name);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const struct verb *verb = find_verb(argv[i]);

        if (verb->takes_argument && i + 1 == argc)
            fail_with(EINVAL, verb->name);
        verb->run(verb->takes_argument ? argv[++i] : NULL);
    }
    return 0;
}
