/* What the job used. Files of the cgroup are opened by name when they are needed: a directory that we held
 * would pin the mount. */
#include "init/job/job-usage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/fd.h"
#include "common/text.h"

#define CGROUP_MOUNT    "/sys/fs/cgroup"
#define KERNEL_FILE_MAX (64 * 1024)
#define SMALL_FILE_MAX  512  /* bytes: of our stack, which an idle PID 1 keeps as deep as it ever was */
#define LARGE_FILE_MAX  8192 /* with v1 hierarchies, each of them a line with a long path */
#define RUSAGE_BLOCK    512  /* bytes, whatever the file system's blocks are */

const char *usage_parse_path(const char *text, size_t *ret_length)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *path = startswith(line, "0::");
        if (!path)
            continue;
        *ret_length = strcspn(path, "\n");
        /* ".." leads out of our cgroup namespace, to what is not mounted here. */
        bool outside = startswith(path, "/..") && (path[3] == '/' || *ret_length == 3);
        return *path == '/' && path[1] != '/' && !outside ? path : NULL;
    }
    return NULL;
}

/* Digits with nothing but a blank behind them. */
uint64_t usage_parse_number(const char *text)
{
    uint64_t value = 0;
    const char *p = text;

    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (unsigned)(*p - '0'), &value))
            return USAGE_UNKNOWN;
    return p > text && (*p == 0 || *p == ' ' || *p == '\n') ? value : USAGE_UNKNOWN;
}

uint64_t usage_parse_key(const char *text, const char *key)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *value = startswith(line, key);
        if (value && *value == ' ')
            return usage_parse_number(value + 1);
    }
    return USAGE_UNKNOWN;
}

uint64_t usage_parse_io(const char *text, const char *key)
{
    uint64_t sum = 0;

    for (const char *word = text; *word; word += strspn(word, " \n")) {
        const char *value = startswith(word, key);
        if (value && *value == '=') {
            uint64_t n = usage_parse_number(value + 1);
            if (n != USAGE_UNKNOWN && __builtin_add_overflow(sum, n, &sum))
                return USAGE_UNKNOWN;
        }
        word += strcspn(word, " \n");
    }
    return sum;
}

/* Without the heap, of which an idle PID 1 would keep pages. False when it cannot be read whole. */
static bool read_into(int dirfd, const char *name, char *text, size_t size)
{
    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    size_t used = 0;
    ssize_t n = -1;

    while (fd >= 0 && used < size && (n = read(fd, text + used, size - used)) > 0)
        used += (size_t)n;
    if (n != 0)
        return false;
    text[used] = 0;
    return true;
}

static int open_mount(void)
{
    struct statfs fs;
    _cleanup_close_ int fd = openat(AT_FDCWD, CGROUP_MOUNT, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
        return -EOPNOTSUPP;
    return TAKE_FD(fd);
}

/* text: of /proc/self/cgroup; it is cut. */
static int open_directory(int mount, char *text)
{
    size_t length;
    const char *path = usage_parse_path(text, &length);

    if (!path)
        return -EOPNOTSUPP;
    text[(size_t)(path - text) + length] = 0;
    int fd = openat(mount, path[1] ? path + 1 : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -EOPNOTSUPP : fd;
}

static __attribute__((noinline)) int open_cgroup_of_many(int mount)
{
    char text[LARGE_FILE_MAX];
    bool is_whole = read_into(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
    return is_whole ? open_directory(mount, text) : -EOPNOTSUPP;
}

/* The file in /proc comes last: reading it waits for whoever makes or removes a group just then. */
int usage_open_cgroup(void)
{
    char text[SMALL_FILE_MAX];
    _cleanup_close_ int mount = open_mount();

    if (mount < 0)
        return mount;
    bool is_whole = read_into(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
    return is_whole ? open_directory(mount, text) : open_cgroup_of_many(mount);
}

/* NULL when it is not there: a controller is missing, or the kernel is older than the file. */
static char *read_attribute(int dirfd, const char *name)
{
    char *text;
    return read_file_at(dirfd, name, KERNEL_FILE_MAX, &text, NULL) < 0 ? NULL : text;
}

static uint64_t read_number(int dirfd, const char *name)
{
    _cleanup_free_ char *text = read_attribute(dirfd, name);
    return text ? usage_parse_number(text) : USAGE_UNKNOWN;
}

bool usage_has_memory_limit(int dirfd)
{
    char text[SMALL_FILE_MAX];
    return read_into(dirfd, "memory.max", text, sizeof(text)) && usage_parse_number(text) != USAGE_UNKNOWN;
}

uint64_t usage_oom_kills(int dirfd)
{
    char text[SMALL_FILE_MAX];
    return read_into(dirfd, "memory.events", text, sizeof(text)) ? usage_parse_key(text, "oom_kill")
                                                                 : USAGE_UNKNOWN;
}

/* Processes of other pid namespaces are listed as 0. So this also proves that the directory, which the
 * runtime mounted, is that of our own cgroup. */
static bool is_alone(int dirfd)
{
    _cleanup_free_ char *processes = read_attribute(dirfd, "cgroup.procs");
    _cleanup_free_ char *below = read_attribute(dirfd, "cgroup.stat");
    char self[3 * sizeof(pid_t) + 2];

    (void)snprintf(self, sizeof(self), "%d\n", (int)getpid());
    return processes && streq(processes, self) && !(below && usage_parse_key(below, "nr_descendants") > 0);
}

void usage_mark_cgroup(struct usage_mark *mark, int dirfd)
{
    _cleanup_free_ char *cpu = read_attribute(dirfd, "cpu.stat");
    _cleanup_free_ char *io = read_attribute(dirfd, "io.stat");
    struct stat st;

    mark->cgroup = fstat(dirfd, &st) < 0 ? 0 : (uint64_t)st.st_ino;
    mark->alone = is_alone(dirfd);
    mark->oom_kills = usage_oom_kills(dirfd);
    mark->memory_max = read_number(dirfd, "memory.max");
    mark->of_cgroup = (struct usage_counters){
        .memory_peak = read_number(dirfd, "memory.peak"),
        .cpu_user = cpu ? usage_parse_key(cpu, "user_usec") : USAGE_UNKNOWN,
        .cpu_system = cpu ? usage_parse_key(cpu, "system_usec") : USAGE_UNKNOWN,
        .io_read = io ? usage_parse_io(io, "rbytes") : USAGE_UNKNOWN,
        .io_written = io ? usage_parse_io(io, "wbytes") : USAGE_UNKNOWN,
    };
}

static uint64_t usec_of(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * USEC_PER_SEC + (uint64_t)time->tv_usec;
}

static void mark_processes(struct usage_counters *counters)
{
    struct rusage rusage;

    (void)getrusage(RUSAGE_CHILDREN, &rusage); /* cannot fail */
    *counters = (struct usage_counters){
        .memory_peak = (uint64_t)rusage.ru_maxrss * 1024,
        .cpu_user = usec_of(&rusage.ru_utime),
        .cpu_system = usec_of(&rusage.ru_stime),
        .io_read = (uint64_t)rusage.ru_inblock * RUSAGE_BLOCK,
        .io_written = (uint64_t)rusage.ru_oublock * RUSAGE_BLOCK,
    };
}

void usage_mark(struct usage_mark *ret, bool with_cgroup)
{
    _cleanup_close_ int dirfd = with_cgroup ? usage_open_cgroup() : -EBADF;

    *ret = (struct usage_mark){.oom_kills = USAGE_UNKNOWN, .memory_max = USAGE_UNKNOWN};
    mark_processes(&ret->of_processes);
    if (dirfd >= 0)
        usage_mark_cgroup(ret, dirfd);
}

static uint64_t difference(uint64_t before, uint64_t after)
{
    return before == USAGE_UNKNOWN || after == USAGE_UNKNOWN || after < before ? USAGE_UNKNOWN
                                                                               : after - before;
}

static struct usage_counters counters_between(const struct usage_counters *before,
                                              const struct usage_counters *after)
{
    uint64_t grown = difference(before->memory_peak, after->memory_peak);

    return (struct usage_counters){
        .memory_peak = grown == USAGE_UNKNOWN || grown == 0 ? USAGE_UNKNOWN : after->memory_peak,
        .cpu_user = difference(before->cpu_user, after->cpu_user),
        .cpu_system = difference(before->cpu_system, after->cpu_system),
        .io_read = difference(before->io_read, after->io_read),
        .io_written = difference(before->io_written, after->io_written),
    };
}

/* Numbers that belong together are of one source. */
static void take_from(enum usage_source source, const struct usage_counters *counters, struct usage *usage)
{
    if (counters->memory_peak != USAGE_UNKNOWN) {
        usage->memory_source = source;
        usage->counters.memory_peak = counters->memory_peak;
    }
    if (counters->cpu_user != USAGE_UNKNOWN && counters->cpu_system != USAGE_UNKNOWN) {
        usage->cpu_source = source;
        usage->counters.cpu_user = counters->cpu_user;
        usage->counters.cpu_system = counters->cpu_system;
    }
    if (counters->io_read != USAGE_UNKNOWN && counters->io_written != USAGE_UNKNOWN) {
        usage->io_source = source;
        usage->counters.io_read = counters->io_read;
        usage->counters.io_written = counters->io_written;
    }
}

void usage_between(const struct usage_mark *before, const struct usage_mark *after, struct usage *ret)
{
    struct usage_counters processes = counters_between(&before->of_processes, &after->of_processes);
    struct usage_counters cgroup = counters_between(&before->of_cgroup, &after->of_cgroup);

    *ret = (struct usage){
        .counters = {USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN}};
    take_from(USAGE_OF_PROCESSES, &processes, ret);
    if (before->alone && before->cgroup != 0 && before->cgroup == after->cgroup)
        take_from(USAGE_OF_CGROUP, &cgroup, ret);
}
