/* Signals by name. */
#include "common/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

#include "common/macro.h"
#include "common/parse.h"
#include "common/text.h"

/* What systemd, machinectl and every glibc program mean by SIGRTMIN. musl keeps one signal more for itself
 * and says 35, so <signal.h> must not decide: SIGRTMIN+3 is the order to halt, from whatever libc it comes.
 */
#define FIRST_REALTIME 34
#define LAST_REALTIME  (_NSIG - 1)

static const char names[][sizeof("SIGSTKFLT")] = {
    [SIGHUP] = "SIGHUP",       [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
    [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",     [SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
    [SIGKILL] = "SIGKILL",     [SIGUSR1] = "SIGUSR1",     [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
    [SIGPIPE] = "SIGPIPE",     [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
#ifdef SIGSTKFLT
    [SIGSTKFLT] = "SIGSTKFLT",
#endif
    [SIGCHLD] = "SIGCHLD",     [SIGCONT] = "SIGCONT",     [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
    [SIGTTIN] = "SIGTTIN",     [SIGTTOU] = "SIGTTOU",     [SIGURG] = "SIGURG",   [SIGXCPU] = "SIGXCPU",
    [SIGXFSZ] = "SIGXFSZ",     [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
    [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",       [SIGSYS] = "SIGSYS",
};

static const struct {
    const char *name;
    int signal;
} aliases[] = {
    {"IOT", SIGABRT},
    {"CLD", SIGCHLD},
    {"POLL", SIGIO},
};

static int named_signal(const char *name)
{
    for (size_t i = 1; i < ELEMENTSOF(names); i++)
        if (names[i][0] && strcasecmp(names[i] + strlen("SIG"), name) == 0)
            return (int)i;
    FOREACH_ARRAY (alias, aliases, ELEMENTSOF(aliases))
        if (strcasecmp(alias->name, name) == 0)
            return alias->signal;
    return -EINVAL;
}

/* "", "+N" or "-N" behind RTMIN and RTMAX. */
static int realtime_signal(int base, const char *offset)
{
    int n = 0;

    if (*offset && ((*offset != '+' && *offset != '-') || parse_int(offset, &n) < 0))
        return -EINVAL;
    if (n < FIRST_REALTIME - base || n > LAST_REALTIME - base)
        return -EINVAL;
    return base + n;
}

int signal_from_string(const char *text)
{
    int n;

    if (*text >= '0' && *text <= '9')
        return parse_int(text, &n) == 0 && n > 0 && n < _NSIG ? n : -EINVAL;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    if (strncasecmp(text, "RTMIN", 5) == 0)
        return realtime_signal(FIRST_REALTIME, text + 5);
    if (strncasecmp(text, "RTMAX", 5) == 0)
        return realtime_signal(LAST_REALTIME, text + 5);
    return named_signal(text);
}

const char *signal_to_string(int signal)
{
    static char buffer[sizeof("SIGRTMIN+") + 3];

    if (signal <= 0 || signal >= _NSIG)
        return NULL;
    if ((size_t)signal < ELEMENTSOF(names) && names[signal][0])
        return names[signal];
    if (signal < FIRST_REALTIME) /* the libc's own two: a signal all the same, without a name */
        snprintf(buffer, sizeof(buffer), "%d", signal);
    else
        snprintf(buffer, sizeof(buffer), "SIGRTMIN+%d", signal - FIRST_REALTIME);
    return buffer;
}
