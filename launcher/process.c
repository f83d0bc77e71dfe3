/* Who may raise a hard limit or lower the OOM killer's score is the host's root only: both are done on the
 * host's side and inherited. What may get in our own way comes last. */
#include "launcher/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "launcher/rlimit-names.h"

#define OOM_SCORE_FILE "/proc/self/oom_score_adj"
#define OOM_SCORE_MAX  16 /* bytes */
#define DEFAULT_UMASK  022

static int raise_hard_limit(int kind, rlim_t hard, struct failure *failure)
{
    struct rlimit own;

    if (getrlimit((__rlimit_resource_t)kind, &own) < 0)
        return fail(failure, -errno, "--rlimit=%s: %m", rlimit_names[kind]);
    if (own.rlim_max >= hard)
        return 0;
    rlim_t before = own.rlim_max;
    own.rlim_max = hard;
    if (setrlimit((__rlimit_resource_t)kind, &own) >= 0)
        return 0;
    if (kind == RLIMIT_NOFILE && errno == EPERM)
        return fail(failure, -EPERM,
                    "--rlimit=nofile: %m: the hard limit is %llu, raising it needs CAP_SYS_RESOURCE, and no "
                    "more than /proc/sys/fs/nr_open",
                    (unsigned long long)before);
    return fail(failure, -errno, "--rlimit=%s: %m: the hard limit is %llu, raising it needs CAP_SYS_RESOURCE",
                rlimit_names[kind], (unsigned long long)before);
}

int process_raise_limits(const struct process_settings *settings, struct failure *failure)
{
    for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
        if (!(settings->limits_set & UINT32_C(1) << i))
            continue;
        int r = raise_hard_limit(i, settings->limits[i].rlim_max, failure);
        if (r < 0)
            return r;
    }
    return 0;
}

static int write_oom_score(int score)
{
    char text[OOM_SCORE_MAX];
    snprintf(text, sizeof(text), "%d", score);
    return write_file_at(AT_FDCWD, OOM_SCORE_FILE, text);
}

int process_set_oom_score(const struct process_settings *settings, int *ret_before, struct failure *failure)
{
    _cleanup_free_ char *text = NULL;

    *ret_before = 0;
    if (!settings->oom_score_adj_set)
        return 0;
    int r = read_file_at(AT_FDCWD, OOM_SCORE_FILE, OOM_SCORE_MAX, &text, NULL);
    if (r >= 0) {
        *ret_before = atoi(text); /* NOLINT(cert-err34-c): the kernel's own number */
        r = write_oom_score(settings->oom_score_adj);
    }
    if (r == -EACCES || r == -EPERM)
        return fail(failure, r, "--oom-score-adj=%d: going below %d needs CAP_SYS_RESOURCE",
                    settings->oom_score_adj, *ret_before);
    return r < 0 ? fail(failure, r, OOM_SCORE_FILE ": %s", strerror(-r)) : 0;
}

void process_restore_oom_score(const struct process_settings *settings, int before)
{
    if (settings->oom_score_adj_set)
        (void)write_oom_score(before);
}

/* A new, nameless one: keys of the caller's are not to be found, and what is added ends with the last
 * process. Without keyrings in this kernel, or under a filter that refuses them, there is nothing to find
 * either. */
static int leave_session_keyring(struct failure *failure)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS || errno == EPERM)
        return 0;
    return fail(failure, -errno, "session keyring: %m: --keyring=host goes without");
}

static int set_limits(const struct process_settings *settings, struct failure *failure)
{
    for (int i = 0; i < (int)RLIM_NLIMITS; i++)
        if ((settings->limits_set & UINT32_C(1) << i) &&
            setrlimit((__rlimit_resource_t)i, &settings->limits[i]) < 0)
            return fail(failure, -errno, "--rlimit=%s: %m", rlimit_names[i]);
    return 0;
}

int process_apply(const struct process_settings *settings, struct failure *failure)
{
    int r = settings->host_keyring ? 0 : leave_session_keyring(failure);
    if (r < 0)
        return r;
    if (settings->personality_set && personality(settings->personality) < 0)
        return fail(failure, -errno, "--personality: %m");
    return set_limits(settings, failure);
}

mode_t process_umask(const struct process_settings *settings)
{
    return settings->umask_set ? settings->umask : DEFAULT_UMASK;
}
