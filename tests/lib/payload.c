/* payload: the program that tests run inside of containers, static so that it runs in any root. Its arguments
 * are verbs, carried out one after the other ("payload ignore-term notify READY=1 sleep-forever"); the table
 * at the end lists them. The exit status is 0 when all were carried out, 1 with a line on standard error when
 * one failed. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "common/macro.h"

#define FORK_BOMB_MAX 10000
#define EAT_CHUNK     (1024 * 1024)
#define FLOCK_MAX     1000 /* children of one parent, so that their stacks stay few */
#define TINY_STACK    4096

static const char *label = ""; /* "NAME ", in front of what print-signals says */

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

/* Leaves a descriptor that holds the text with PID 1: FDSTORE=1, under the name "kept". */
static void verb_store(const char *text)
{
    static const char message[] = "FDSTORE=1\nFDNAME=kept\nFDPOLL=0";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    union {
        struct cmsghdr header;
        char buffer[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)message, .iov_len = sizeof(message) - 1};
    struct msghdr packet = {.msg_name = &address,
                            .msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    const char *path = getenv("NOTIFY_SOCKET");
    int kept = memfd_create("kept", MFD_CLOEXEC);

    if (!path || strlen(path) >= sizeof(address.sun_path))
        fail_with(EDESTADDRREQ, "$NOTIFY_SOCKET");
    strcpy(address.sun_path, path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    packet.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &kept, sizeof(kept));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (kept < 0 || dprintf(kept, "%s", text) < 0 || fd < 0 || sendmsg(fd, &packet, 0) < 0)
        fail(path);
    close(fd);
    close(kept);
}

/* What the first descriptor that PID 1 gave holds, behind its name; "nothing" when it gave none. */
static void verb_say_stored(const char *arg)
{
    const char *names = getenv("LISTEN_FDNAMES");
    char text[256];
    ssize_t n = names ? pread(3, text, sizeof(text), 0) : 0;

    if (n < 0)
        fail("what was stored");
    printf("stored: %s %.*s\n", names ? names : "nothing", (int)n, text);
    fflush(stdout);
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

static void verb_as(const char *name)
{
    static char text[64];

    snprintf(text, sizeof(text), "%s ", name);
    label = text;
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
    dprintf(STDOUT_FILENO, "%sready\n", label);
    for (int i = 0; i < atoi(count); i++) {
        if (read(fd, &info, sizeof(info)) != sizeof(info))
            fail("signalfd");
        dprintf(STDOUT_FILENO, "%ssignal %u code %d pid %u value %d\n", label, info.ssi_signo, info.ssi_code,
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

/* An orphan that says who its parent is now. */
static void verb_orphan_parent(const char *arg)
{
    pid_t pid = fork(), grandchild;

    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        pid = getpid();
        grandchild = fork();
        if (grandchild != 0)
            _exit(grandchild < 0);
        while (getppid() == pid)
            sched_yield();
        dprintf(STDOUT_FILENO, "orphan of %d\n", getppid());
        _exit(0);
    }
    if (waitpid(pid, NULL, 0) < 0)
        fail("waitpid");
}

static _noreturn_ int child_exits(void *arg)
{
    _exit(0);
}

static _noreturn_ int child_stays(void *arg)
{
    for (;;)
        pause();
}

/* So many children of this process that share its memory: cheap enough for tens of thousands. */
static void make_children(int count, int (*main)(void *))
{
    char *stacks = mmap(NULL, (size_t)count * TINY_STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (stacks == MAP_FAILED)
        fail("mmap");
    for (int i = 1; i <= count; i++)
        if (clone(main, stacks + (size_t)i * TINY_STACK, CLONE_VM | SIGCHLD, NULL) < 0)
            fail("clone");
}

/* So many orphans, and no more at a time than one parent has; they run or end as main does. */
static void make_orphans(int count, int (*main)(void *))
{
    for (int left = count; left > 0; left -= FLOCK_MAX) {
        pid_t pid = fork();

        if (pid < 0)
            fail("fork");
        if (pid == 0) {
            make_children(left < FLOCK_MAX ? left : FLOCK_MAX, main);
            _exit(0);
        }
        if (waitpid(pid, NULL, 0) < 0)
            fail("waitpid");
    }
}

static void verb_many_orphans(const char *count)
{
    make_orphans(atoi(count), child_exits);
    verb_say("orphaned");
}

/* So many orphans in one process group, killed by one system call. */
static void verb_dying_flock(const char *count)
{
    pid_t shepherd = fork();
    int status;

    if (shepherd < 0)
        fail("fork");
    if (shepherd == 0) {
        setpgid(0, 0);
        make_orphans(atoi(count), child_stays);
        raise(SIGSTOP); /* keeps the number of the group */
    }
    if (waitpid(shepherd, &status, WUNTRACED) < 0)
        fail("waitpid");
    if (!WIFSTOPPED(status))
        fail_with(ECHILD, "the flock");
    verb_say("gathered");
    if (kill(-shepherd, SIGKILL) < 0 || waitpid(shepherd, NULL, 0) < 0)
        fail("kill");
    verb_say("dead");
}

static void verb_signal_parent(const char *number)
{
    if (kill(getppid(), atoi(number)) < 0)
        fail("kill");
}

static void verb_sleep_for(const char *milliseconds)
{
    struct timespec left = {.tv_sec = atol(milliseconds) / 1000,
                            .tv_nsec = atol(milliseconds) % 1000 * 1000000};

    while (nanosleep(&left, &left) < 0)
        ;
}

/* Until one line or the end has come on standard input. */
static void verb_read_line(const char *arg)
{
    char byte = 0;

    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
        ;
}

static void verb_stdin_mode(const char *arg)
{
    int flags = fcntl(STDIN_FILENO, F_GETFL);

    if (flags < 0)
        fail("standard input");
    verb_say(flags & O_NONBLOCK ? "non-blocking" : "blocking");
}

static void verb_window(const char *arg)
{
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
        fail("standard input");
    dprintf(STDOUT_FILENO, "%d rows %d columns\n", size.ws_row, size.ws_col);
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

static void verb_call(const char *arg)
{
    long r = syscall(atol(arg), 0, 0, 0, 0, 0, 0);

    verb_say(r < 0 ? strerror(errno) : "Success");
}

static void verb_find_key(const char *arg)
{
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", arg, 0);

    verb_say(key >= 0 ? "found" : strerror(errno));
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
    {"as", true, verb_as},                        /* NAME in front of print-signals' lines */
    {"close", true, verb_close},                  /* FD */
    {"fork-bomb", false, verb_fork_bomb},         /* says how many there were */
    {"eat-memory", true, verb_eat_memory},        /* MiB; 0: until it is killed */
    {"exit", true, verb_exit},                    /* STATUS */
    {"abort", false, verb_abort},                 /* SIGABRT */
    {"raise", true, verb_raise},                  /* SIGNAL by number */
    {"print-signals", true, verb_print_signals},  /* COUNT of them */
    {"orphans", true, verb_orphans},              /* COUNT */
    {"orphan-parent", false, verb_orphan_parent}, /* an orphan says its new parent's pid */
    {"many-orphans", true, verb_many_orphans},    /* COUNT, quickly */
    {"dying-flock", true, verb_dying_flock},      /* COUNT orphans that die in one instant */
    {"signal-parent", true, verb_signal_parent},  /* SIGNAL by number */
    {"sleep-for", true, verb_sleep_for},          /* MILLISECONDS */
    {"read-line", false, verb_read_line},         /* from standard input */
    {"stdin-mode", false, verb_stdin_mode},       /* says if it is non-blocking */
    {"window", false, verb_window},               /* says the terminal's size */
    {"wait-file", true, verb_wait_file},          /* PATH */
    {"open-terminal", false, verb_open_terminal}, /* a new one, and says its name */
    {"store", true, verb_store},                  /* TEXT */
    {"say-stored", false, verb_say_stored},
    {"call", true, verb_call},         /* NUMBER of a system call, with zeros */
    {"find-key", true, verb_find_key}, /* NAME in the session keyring */
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
