/* Collecting the dead: the job's process and every orphan that fell to us. wait(2). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/time.h"

/* Called for each child that has ended; status is waitpid(2)'s. */
typedef void (*reaped_fn)(void *userdata, pid_t pid, int status);

/* Reaps all that have ended, without waiting. True while children are left. */
bool reap_children(reaped_fn fn, void *userdata);
/* After a wake-up that reaped orphans. Where one dies right after the other it waits a millisecond, in which
 * more of them gather: to be woken up for each costs several times what it takes to collect one. *last: when
 * that was the time before, CLOCK_MONOTONIC; 0 at first. */
void reap_let_gather(usec_t *last);
/* Whether pid is a child of ours, living or not yet reaped. */
bool reap_is_child(pid_t pid);
/* Whether it has not ended yet. */
bool reap_is_living_child(pid_t pid);
/* Whether a child of ours is stopped, by a signal. */
bool reap_is_stopped(pid_t pid);
/* What a shell says of waitpid(2)'s status: the exit code, or 128 + the signal. */
int reap_exit_status(int status);
