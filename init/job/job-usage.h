/* What the job used: memory, CPU, input and output, and whom the kernel killed for memory.
 *
 * Two sources. Our cgroup counts all that ran in it; but it may hold strangers, and it may be older than we
 * are. So what it counts is told only where nobody but us was in it before the job, and as the difference to
 * what it had counted then. memory.peak cannot be subtracted: it is told when it has grown since, else the
 * peak is from before us. Else there is what wait(2) tells of the processes that were waited for: it leaves
 * out those that nobody waited for, and its peak is that of the largest single one. cgroups(7), the kernel's
 * admin-guide/cgroup-v2, getrusage(2). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USAGE_UNKNOWN UINT64_MAX

struct usage_counters {
    uint64_t memory_peak;          /* bytes */
    uint64_t cpu_user, cpu_system; /* µs */
    uint64_t io_read, io_written;  /* bytes, of block devices; one on top of another counts, too */
};

/* All counters at one moment. All zero: before everything. */
struct usage_mark {
    uint64_t cgroup; /* its inode number; 0: none that can be read */
    bool alone;      /* only the calling process is in the cgroup, and nothing below it */
    uint64_t oom_kills;
    uint64_t memory_max; /* bytes; USAGE_UNKNOWN: no limit of its own */
    struct usage_counters of_cgroup, of_processes;
};

enum usage_source { USAGE_OF_NOBODY, USAGE_OF_PROCESSES, USAGE_OF_CGROUP };

/* Between two marks. Numbers that nobody knows are USAGE_UNKNOWN. */
struct usage {
    enum usage_source memory_source, cpu_source, io_source;
    struct usage_counters counters;
};

/* Takes a mark; without cgroup only of the processes. */
void usage_mark(struct usage_mark *ret, bool with_cgroup);
/* Fills in the cgroup's part from its directory. */
void usage_mark_cgroup(struct usage_mark *mark, int dirfd);
/* The directory of our own cgroup v2; -EOPNOTSUPP where there is none below /sys/fs/cgroup. */
int usage_open_cgroup(void);
/* memory.events' oom_kill; USAGE_UNKNOWN without a memory controller. */
uint64_t usage_oom_kills(int dirfd);
/* Whether memory.max sets a limit. */
bool usage_has_memory_limit(int dirfd);
/* Pure. */
void usage_between(const struct usage_mark *before, const struct usage_mark *after, struct usage *ret);

/* Text of kernel files; pure. */

/* The cgroup v2 path in the text of /proc/PID/cgroup: its length is set, it is not terminated. NULL when
 * there is none, or one that is not below our root. */
const char *usage_parse_path(const char *text, size_t *ret_length);
/* "max" is USAGE_UNKNOWN, as is what is no number. */
uint64_t usage_parse_number(const char *text);
/* The number behind a key of "KEY NUMBER" lines. */
uint64_t usage_parse_key(const char *text, const char *key);
/* The sum of KEY=NUMBER over the lines of io.stat, one a device. */
uint64_t usage_parse_io(const char *text, const char *key);
