/* Starting the command of --on-signal. */
#include "init/job/job-hook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/signals.h"
#include "common/text.h"

static void set_variables(pid_t job, int signal)
{
    char pid[16];
    const char *name = signal_to_string(signal);

    (void)snprintf(pid, sizeof(pid), "%d", job);
    (void)setenv("MAINPID", pid, 1);
    (void)setenv("SIGNAL", name + strlen("SIG"), 1); /* as kill(1) and trap take it */
}

int job_hook_start(const struct job_hook *hook, const char *command, pid_t job, int signal, pid_t *ret_pid)
{
    struct child_failure failure = {};
    pid_t pid = fork();

    if (pid < 0)
        return -errno;
    if (pid == 0) {
        (void)setpgid(0, 0);
        set_variables(job, signal);
        if (job_child_prepare(hook->child, &failure) == 0)
            (void)execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(EXIT_NOT_FOUND);
    }
    (void)setpgid(pid, pid); /* whoever of the two is first */
    *ret_pid = pid;
    return 0;
}
