/* The child's resource limits and scheduling. */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init/platform/exec-steps.h"

#define IOPRIO_WHO_PROCESS 1 /* linux/ioprio.h, which older headers do not have */

/* RLIM_INFINITY is "infinity", and 20 digits are the longest number. */
static void format_limit(char text[static 24], rlim_t limit)
{
    if (limit == RLIM_INFINITY)
        (void)snprintf(text, 24, "infinity");
    else
        (void)snprintf(text, 24, "%llu", (unsigned long long)limit);
}

static void tell_clamped(const struct exec_plan *plan, int resource, const struct rlimit *wanted,
                         const struct rlimit *got)
{
    char asked[24], given[24];

    format_limit(asked, wanted->rlim_max > got->rlim_max ? wanted->rlim_max : wanted->rlim_cur);
    format_limit(given, wanted->rlim_max > got->rlim_max ? got->rlim_max : got->rlim_cur);
    exec_note(plan, "%s=: %s is more than the container permits, %s is set", exec_limit_to_string(resource),
              asked, given);
}

/* What is not permitted comes as near as it can. */
static int set_limit(const struct exec_plan *plan, int resource, const struct rlimit *wanted)
{
    struct rlimit present;

    if (setrlimit(resource, wanted) == 0)
        return 0;
    if (errno != EPERM || getrlimit(resource, &present) < 0)
        return -errno;
    if (present.rlim_max == RLIM_INFINITY)
        return -EPERM; /* that was not the reason */
    struct rlimit nearest = {
        .rlim_cur = MIN(wanted->rlim_cur, present.rlim_max),
        .rlim_max = MIN(wanted->rlim_max, present.rlim_max),
    };
    if (setrlimit(resource, &nearest) < 0)
        return -errno;
    tell_clamped(plan, resource, wanted, &nearest);
    return 0;
}

int exec_step_limits(const struct exec_plan *plan, const char **object)
{
    const struct exec_limits *limits = plan->context->limits;

    if (!limits || plan->privileged)
        return 0;
    for (int resource = 0; resource < EXEC_LIMITS; resource++) {
        struct rlimit wanted = {
            .rlim_cur = limits->of[resource].soft,
            .rlim_max = limits->of[resource].hard,
        };
        if (!(limits->set & (1U << resource)))
            continue;
        *object = exec_limit_to_string(resource);
        int r = set_limit(plan, resource, &wanted);
        if (r < 0)
            return r;
    }
    return 0;
}

/* By the kernel's call: sched_setscheduler(3) of musl refuses, as POSIX means threads by it. */
int exec_step_scheduler(const struct exec_plan *plan, const char **object)
{
    const struct exec_context *context = plan->context;
    struct sched_param parameters = {.sched_priority = context->cpu_priority};
    int policy = context->cpu_policy == CPU_POLICY_UNSET ? SCHED_OTHER : context->cpu_policy;

    if (context->cpu_policy == CPU_POLICY_UNSET && context->cpu_priority == 0 && !context->cpu_reset_on_fork)
        return 0;
    if (context->cpu_reset_on_fork)
        policy |= SCHED_RESET_ON_FORK;
    return negative_errno((int)syscall(SYS_sched_setscheduler, 0, policy, &parameters));
}

int exec_step_affinity(const struct exec_plan *plan, const char **object)
{
    const struct exec_cpus *cpus = plan->context->cpus;

    if (!cpus)
        return 0;
    return negative_errno((int)syscall(SYS_sched_setaffinity, 0, sizeof(cpus->mask), cpus->mask));
}

int exec_step_io_priority(const struct exec_plan *plan, const char **object)
{
    if (plan->context->io_priority == IO_PRIORITY_UNSET)
        return 0;
    return negative_errno((int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, plan->context->io_priority));
}

int exec_step_timer_slack(const struct exec_plan *plan, const char **object)
{
    uint64_t slack = plan->context->timer_slack_nsec;

    if (slack == TIMER_SLACK_UNSET)
        return 0;
    return negative_errno(prctl(PR_SET_TIMERSLACK, (unsigned long)slack, 0, 0, 0));
}
