/* The two clocks. */
#include "common/time.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static usec_t now(clockid_t clock)
{
    struct timespec now;
    /* Not by the vDSO: its pages are two faults of the start of a program that hardly asks. */
    (void)syscall(SYS_clock_gettime, clock, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / NSEC_PER_USEC;
}

usec_t now_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

usec_t now_realtime(void)
{
    return now(CLOCK_REALTIME);
}
