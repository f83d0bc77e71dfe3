/* Time is unsigned microseconds everywhere; USEC_INFINITY means "never", as in systemd. */
#pragma once

#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_INFINITY   ((usec_t)UINT64_MAX)
#define USEC_PER_SEC    ((usec_t)1000000)
#define USEC_PER_MSEC   ((usec_t)1000)
#define NSEC_PER_USEC   ((usec_t)1000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR   (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY    (24 * USEC_PER_HOUR)
#define USEC_PER_WEEK   (7 * USEC_PER_DAY)
#define USEC_PER_MONTH  ((usec_t)2629800 * USEC_PER_SEC)
#define USEC_PER_YEAR   ((usec_t)31557600 * USEC_PER_SEC)

/* Now, by CLOCK_MONOTONIC and by CLOCK_REALTIME. */
usec_t now_monotonic(void);
usec_t now_realtime(void);

/* a + b that stays at USEC_INFINITY instead of wrapping. */
static inline usec_t usec_add(usec_t a, usec_t b)
{
    return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}
