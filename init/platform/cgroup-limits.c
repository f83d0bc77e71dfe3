/* Settings -> files of a control group. */
#include "init/platform/cgroup-limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/platform/cgroup-device.h"

#define FILE_MAX     (64 * 1024)
#define PERMYRIAD    10000
#define ROUNDING_MAX (64 * 1024) /* bytes: the kernel keeps whole pages */

#define CPU_PERIOD_DEFAULT (100 * USEC_PER_MSEC)
#define CPU_QUOTA_MIN      USEC_PER_MSEC /* the kernel's */

#define WEIGHT_DEFAULT     100
#define WEIGHT_MIN         UINT64_C(1)
#define WEIGHT_MAX         UINT64_C(10000)
#define CPU_SHARES_DEFAULT 1024 /* of cgroups v1, as the next one */
#define BLKIO_DEFAULT      500
#define BFQ_MAX            1000

#define DEVICE_LIMITS_MAX (64 * 1024) /* bytes of a file with a line for each device */

/* One setting on its way into a file. */
struct writing {
    int dirfd;
    const struct cgroup_context *context;
    const struct cgroup_place *place;
    const struct cgroup_setting *setting;
    const struct limit_row *row;
    uint64_t value;
};

struct limit_row {
    enum cgroup_controller controller;
    const char *file; /* NULL: goes into another's */
    int (*write)(const struct writing *writing);
    uint64_t initial;       /* what a new group has */
    uint64_t superseded_by; /* LIMIT_BIT: those of cgroups v2 that put it out of force */
    const char *key;        /* of one device's line */
};

static bool has_word(const char *line, const char *word, size_t length)
{
    for (const char *at = line; *at; at += strspn(at, " ")) {
        if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
            return true;
        at += strcspn(at, " ");
    }
    return false;
}

static bool has_all_words(const char *line, const char *words)
{
    for (const char *word = words; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (!has_word(line, word, length))
            return false;
        word += length;
    }
    return true;
}

/* All words of wanted stand in that line of text that begins with the same one. */
static bool has_line(char *text, const char *wanted)
{
    size_t first = strcspn(wanted, " ");
    char *cursor = text, *line;

    while ((line = strsep(&cursor, "\n")))
        if (strcspn(line, " ") == first && strncmp(line, wanted, first) == 0 && has_all_words(line, wanted))
            return true;
    return false;
}

static bool is_rounded(const char *written, const char *kept)
{
    uint64_t a, b;
    return parse_u64(written, &a) == 0 && parse_u64(kept, &b) == 0 && a >= b && a - b < ROUNDING_MAX;
}

/* -ERANGE: the kernel took it and has something else now. */
static int write_and_look(int dirfd, const char *file, const char *text)
{
    _cleanup_free_ char *kept = NULL;
    int r = write_file_at(dirfd, file, text);

    if (r < 0 || (r = read_file_at(dirfd, file, FILE_MAX, &kept, NULL)) < 0)
        return r;
    if (!strchr(text, ' ')) {
        kept[strcspn(kept, "\n")] = 0;
        return streq(kept, text) || is_rounded(text, kept) ? 0 : -ERANGE;
    }
    return has_line(kept, text) ? 0 : -ERANGE;
}

static void format_number(char *text, size_t size, uint64_t value)
{
    if (value == UINT64_MAX)
        (void)snprintf(text, size, "max");
    else
        (void)snprintf(text, size, "%" PRIu64, value);
}

static int write_number(const struct writing *w)
{
    char text[32];

    format_number(text, sizeof(text), w->value);
    return write_and_look(w->dirfd, w->row->file, text);
}

/* The quota is per second in the file's words, and per period in the kernel's. */
static int write_cpu_quota(const struct writing *w)
{
    const struct cgroup_setting *set = cgroup_context_get(w->context, LIMIT_CPU_PERIOD, false);
    usec_t period = set ? set->value : CPU_PERIOD_DEFAULT;
    char text[64];

    if (w->value == UINT64_MAX)
        (void)snprintf(text, sizeof(text), "max %" PRIu64, period);
    else {
        /* Where the share is small, the period grows until the quota is one that the kernel takes. */
        usec_t grown = (CPU_QUOTA_MIN * USEC_PER_SEC + w->value - 1) / w->value;
        period = MAX(period, grown);
        period = MIN(period, USEC_PER_SEC);
        usec_t quota = MAX(w->value * period / USEC_PER_SEC, CPU_QUOTA_MIN);
        (void)snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64, quota, period);
    }
    return write_and_look(w->dirfd, w->row->file, text);
}

static uint64_t clamp_weight(uint64_t weight)
{
    uint64_t at_least = MAX(weight, WEIGHT_MIN);
    return MIN(at_least, WEIGHT_MAX);
}

/* Kernels before 5.15 have no cpu.idle; the least weight is the next best. */
static int write_cpu_weight(const struct writing *w)
{
    char text[32];
    uint64_t weight = w->value;

    if (weight == CPU_WEIGHT_IDLE) {
        int r = write_and_look(w->dirfd, "cpu.idle", "1");
        if (r != -ENOENT)
            return r;
        weight = WEIGHT_MIN;
    } else
        (void)write_file_at(w->dirfd, "cpu.idle", "0");
    format_number(text, sizeof(text), weight);
    return write_and_look(w->dirfd, "cpu.weight", text);
}

static int write_cpu_shares(const struct writing *w)
{
    char text[32];

    format_number(text, sizeof(text), clamp_weight(w->value * WEIGHT_DEFAULT / CPU_SHARES_DEFAULT));
    return write_and_look(w->dirfd, "cpu.weight", text);
}

/* A list of no numbers means those of the group above. */
static int write_list(const struct writing *w)
{
    return w->value == 0 ? write_and_look(w->dirfd, w->row->file, w->setting->text)
                         : write_file_at(w->dirfd, w->row->file, "\n");
}

/* BFQ has a range of its own: the lower hundred is the same, what is above is pressed together. */
static uint64_t bfq_weight(uint64_t weight)
{
    if (weight <= WEIGHT_DEFAULT)
        return weight;
    return WEIGHT_DEFAULT +
           (weight - WEIGHT_DEFAULT) * (BFQ_MAX - WEIGHT_DEFAULT) / (WEIGHT_MAX - WEIGHT_DEFAULT);
}

/* Which of the two there is depends on how the kernel was built. */
static int write_weight(const struct writing *w, const char *target, uint64_t weight)
{
    char text[64], bfq[64];

    (void)snprintf(text, sizeof(text), "%s %" PRIu64, target, weight);
    (void)snprintf(bfq, sizeof(bfq), "%s %" PRIu64, target, bfq_weight(weight));
    int r = write_and_look(w->dirfd, "io.weight", text), b = write_file_at(w->dirfd, "io.bfq.weight", bfq);
    return r < 0 && b == 0 ? 0 : r;
}

static bool is_of_old_kind(const struct writing *w)
{
    return w->row->superseded_by != 0;
}

static uint64_t io_weight(const struct writing *w)
{
    return is_of_old_kind(w) ? clamp_weight(w->value * WEIGHT_DEFAULT / BLKIO_DEFAULT) : w->value;
}

static int write_io_weight(const struct writing *w)
{
    return write_weight(w, "default", io_weight(w));
}

static int find_device(const struct writing *w, char *ret, size_t size)
{
    dev_t device;
    int r = cgroup_device_find(w->setting->text, &device);

    if (r == 0)
        (void)snprintf(ret, size, "%u:%u", major(device), minor(device));
    return r == -ENOENT ? -ENXIO : r; /* not to be taken for a file of the group */
}

static int write_device_weight(const struct writing *w)
{
    char device[32];
    int r = find_device(w, device, sizeof(device));

    return r < 0 ? r : write_weight(w, device, io_weight(w));
}

static int write_device(const struct writing *w)
{
    char device[32], number[32], text[96];
    int r = find_device(w, device, sizeof(device));

    if (r < 0)
        return r;
    format_number(number, sizeof(number), w->value);
    (void)snprintf(text, sizeof(text), "%s %s=%s", device, w->row->key, number);
    /* A limit that is lifted leaves no line. */
    return w->value == UINT64_MAX ? write_file_at(w->dirfd, w->row->file, text)
                                  : write_and_look(w->dirfd, w->row->file, text);
}

#define CPU(file, write, initial)           CONTROLLER_CPU, file, write, initial, 0, NULL
#define CPUSET(file)                        CONTROLLER_CPUSET, file, write_list, UINT64_MAX, 0, NULL
#define MEMORY(file, initial)               CONTROLLER_MEMORY, file, write_number, initial, 0, NULL
#define IO(file, write, initial, key)       CONTROLLER_IO, file, write, initial, 0, key
#define BLOCK_IO(file, write, initial, key) CONTROLLER_IO, file, write, initial, NEWER_IO, key

#define NEWER_MEMORY                                                                                         \
    (LIMIT_BIT(LIMIT_MEMORY_MIN) | LIMIT_BIT(LIMIT_MEMORY_LOW) | LIMIT_BIT(LIMIT_MEMORY_HIGH) |              \
     LIMIT_BIT(LIMIT_MEMORY_MAX) | LIMIT_BIT(LIMIT_MEMORY_SWAP_MAX) | LIMIT_BIT(LIMIT_MEMORY_ZSWAP_MAX))
#define NEWER_IO                                                                                             \
    (LIMIT_BIT(LIMIT_IO_WEIGHT) | LIMIT_BIT(LIMIT_IO_DEVICE_WEIGHT) | LIMIT_BIT(LIMIT_IO_READ_BANDWIDTH) |   \
     LIMIT_BIT(LIMIT_IO_WRITE_BANDWIDTH) | LIMIT_BIT(LIMIT_IO_READ_IOPS) | LIMIT_BIT(LIMIT_IO_WRITE_IOPS) |  \
     LIMIT_BIT(LIMIT_IO_LATENCY))

/* clang-format off: a row a line */
static const struct limit_row rows[CGROUP_LIMIT_MAX] = {
    [LIMIT_CPU_WEIGHT] = {CPU("cpu.weight", write_cpu_weight, WEIGHT_DEFAULT)},
    [LIMIT_CPU_SHARES] = {CONTROLLER_CPU, "cpu.weight", write_cpu_shares, CPU_SHARES_DEFAULT,
                          LIMIT_BIT(LIMIT_CPU_WEIGHT), NULL},
    [LIMIT_CPU_QUOTA] = {CPU("cpu.max", write_cpu_quota, UINT64_MAX)},
    [LIMIT_CPU_PERIOD] = {CPU(NULL, NULL, 0)},
    [LIMIT_CPUS] = {CPUSET("cpuset.cpus")},
    [LIMIT_MEMORY_NODES] = {CPUSET("cpuset.mems")},
    [LIMIT_MEMORY_MIN] = {MEMORY("memory.min", 0)},
    [LIMIT_MEMORY_LOW] = {MEMORY("memory.low", 0)},
    [LIMIT_DEFAULT_MEMORY_MIN] = {MEMORY(NULL, 0)},
    [LIMIT_DEFAULT_MEMORY_LOW] = {MEMORY(NULL, 0)},
    [LIMIT_MEMORY_HIGH] = {MEMORY("memory.high", UINT64_MAX)},
    [LIMIT_MEMORY_MAX] = {MEMORY("memory.max", UINT64_MAX)},
    [LIMIT_MEMORY_LIMIT] = {CONTROLLER_MEMORY, "memory.max", write_number, UINT64_MAX, NEWER_MEMORY, NULL},
    [LIMIT_MEMORY_SWAP_MAX] = {MEMORY("memory.swap.max", UINT64_MAX)},
    [LIMIT_MEMORY_ZSWAP_MAX] = {MEMORY("memory.zswap.max", UINT64_MAX)},
    [LIMIT_MEMORY_ZSWAP_WRITEBACK] = {MEMORY("memory.zswap.writeback", 1)},
    [LIMIT_TASKS_MAX] = {CONTROLLER_PIDS, "pids.max", write_number, UINT64_MAX, 0, NULL},
    [LIMIT_IO_WEIGHT] = {IO("io.weight", write_io_weight, WEIGHT_DEFAULT, NULL)},
    [LIMIT_BLOCK_IO_WEIGHT] = {BLOCK_IO("io.weight", write_io_weight, BLKIO_DEFAULT, NULL)},
    [LIMIT_IO_DEVICE_WEIGHT] = {IO("io.weight", write_device_weight, WEIGHT_DEFAULT, NULL)},
    [LIMIT_BLOCK_IO_DEVICE_WEIGHT] = {BLOCK_IO("io.weight", write_device_weight, BLKIO_DEFAULT, NULL)},
    [LIMIT_IO_READ_BANDWIDTH] = {IO("io.max", write_device, UINT64_MAX, "rbps")},
    [LIMIT_BLOCK_IO_READ_BANDWIDTH] = {BLOCK_IO("io.max", write_device, UINT64_MAX, "rbps")},
    [LIMIT_IO_WRITE_BANDWIDTH] = {IO("io.max", write_device, UINT64_MAX, "wbps")},
    [LIMIT_BLOCK_IO_WRITE_BANDWIDTH] = {BLOCK_IO("io.max", write_device, UINT64_MAX, "wbps")},
    [LIMIT_IO_READ_IOPS] = {IO("io.max", write_device, UINT64_MAX, "riops")},
    [LIMIT_IO_WRITE_IOPS] = {IO("io.max", write_device, UINT64_MAX, "wiops")},
    [LIMIT_IO_LATENCY] = {IO("io.latency", write_device, 0, "target")},
};
/* clang-format on */

static bool is_superseded(const struct cgroup_context *context, const struct limit_row *row)
{
    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next)
        if (row->superseded_by & LIMIT_BIT(setting->limit))
            return true;
    return false;
}

/* Says what is so anyway, or nothing by itself. */
static bool is_idle(const struct cgroup_context *context, const struct cgroup_setting *setting)
{
    const struct limit_row *row = &rows[setting->limit];
    return !row->file || is_superseded(context, row) ||
           (!setting->is_share && !setting->startup && setting->value == row->initial);
}

unsigned cgroup_limits_controllers(const struct cgroup_context *context)
{
    unsigned mask = 0;

    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next)
        if (!is_idle(context, setting))
            mask |= CONTROLLER_BIT(rows[setting->limit].controller);
    return mask;
}

bool cgroup_limits_change(const struct cgroup_context *context)
{
    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next)
        if (setting->startup)
            return true;
    return false;
}

/* A controller that is not there, in words; NULL when it is there. */
static const char *controller_problem(const struct cgroup_place *place, const struct limit_row *row,
                                      char *text, size_t size)
{
    const char *name = cgroup_controller_to_string(row->controller);
    unsigned bit = CONTROLLER_BIT(row->controller);

    if (place->is_root)
        return "the limits of the whole container are set from outside, by whoever runs it";
    if (place->disabled & bit)
        (void)snprintf(text, size, "DisableControllers= of a slice keeps the cgroup controller %s away",
                       name);
    else if (!(place->controllers & bit))
        (void)snprintf(text, size, "the cgroup controller %s is not delegated to the container", name);
    else
        return NULL;
    return text;
}

static void tell_problem(const struct writing *w, int error, cgroup_problem_fn problem, void *userdata)
{
    char text[192];
    const char *why = controller_problem(w->place, w->row, text, sizeof(text));

    if (!why && error == -ENOENT)
        (void)snprintf(text, sizeof(text), "the kernel has no %s", w->row->file);
    else if (!why && error == -ERANGE)
        (void)snprintf(text, sizeof(text), "the kernel did not keep the value in %s", w->row->file);
    else if (!why && (error == -ENXIO || error == -ENODEV))
        (void)snprintf(text, sizeof(text), "%.100s: %s", w->setting->text,
                       error == -ENXIO ? "no such file" : "it lies on no block device");
    else if (!why)
        (void)snprintf(text, sizeof(text), "%s: %s", w->row->file, strerror(-error));
    problem(userdata, w->setting, why ? why : text);
}

static uint64_t share_of(const struct cgroup_place *place, const struct cgroup_setting *setting)
{
    uint64_t all = setting->limit == LIMIT_TASKS_MAX ? place->tasks : place->memory;

    if (!setting->is_share)
        return setting->value;
    /* The product may be more than 64 bits hold. */
    uint64_t share = all / PERMYRIAD * setting->value + all % PERMYRIAD * setting->value / PERMYRIAD;
    return MAX(share, UINT64_C(1));
}

/* Whether the setting counts at this time; *ret is what to write then. */
static bool counts_now(const struct writing *w, uint64_t *ret)
{
    const struct cgroup_setting *now = w->setting;

    if (!limit_is_of_device(w->setting->limit))
        now = cgroup_context_get(w->context, w->setting->limit, w->place->starting);
    /* Where there is only a Startup...=, its time may be over. */
    *ret = now ? share_of(w->place, w->setting) : w->row->initial;
    return !now || now == w->setting;
}

static void apply_setting(struct writing *w, cgroup_problem_fn problem, void *userdata)
{
    if (!w->row->file || is_superseded(w->context, w->row) || !counts_now(w, &w->value))
        return;
    int r = w->place->is_root ? -EPERM : w->row->write(w);
    if (r < 0 && !is_idle(w->context, w->setting))
        tell_problem(w, r, problem, userdata);
}

struct memory_default cgroup_limits_default(const struct cgroup_context *context,
                                            const struct cgroup_place *place, enum cgroup_limit limit,
                                            bool starting)
{
    const struct cgroup_setting *setting = cgroup_context_get(context, limit, starting);

    if (!setting)
        return (struct memory_default){0};
    return (struct memory_default){.is_set = true, .bytes = share_of(place, setting)};
}

/* What a slice gives to those in it that say nothing themselves. Its own file says it if it cannot be. */
static void apply_default(int dirfd, const struct cgroup_context *context, const struct cgroup_place *place,
                          const struct memory_default *given, enum cgroup_limit limit)
{
    struct writing w = {.dirfd = dirfd, .row = &rows[limit], .value = given->bytes};

    if (given->is_set && !place->is_root && !cgroup_context_get(context, limit, place->starting))
        (void)write_number(&w);
}

void cgroup_limits_apply(int dirfd, const struct cgroup_context *context, const struct cgroup_place *place,
                         cgroup_problem_fn problem, void *userdata)
{
    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next) {
        struct writing w = {.dirfd = dirfd, .context = context, .place = place, .setting = setting};
        w.row = &rows[setting->limit];
        apply_setting(&w, problem, userdata);
    }
    apply_default(dirfd, context, place, &place->default_min, LIMIT_MEMORY_MIN);
    apply_default(dirfd, context, place, &place->default_low, LIMIT_MEMORY_LOW);
}

/* The files tell which devices have limits; those that are still declared are written again afterwards. */
static void lift_devices(int dirfd, const char *file, const char *lifted)
{
    _cleanup_free_ char *text = NULL;
    char *save = NULL;

    if (read_file_at(dirfd, file, DEVICE_LIMITS_MAX, &text, NULL) < 0)
        return;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char device[32], order[96];
        size_t size = strcspn(line, " ");
        if (*line < '0' || *line > '9' || size >= sizeof(device)) /* "default" is of no device */
            continue;
        *(char *)mempcpy(device, line, size) = 0;
        (void)snprintf(order, sizeof(order), "%s %s", device, lifted);
        (void)write_file_at(dirfd, file, order);
    }
}

void cgroup_limits_reset(int dirfd, const struct cgroup_context *context, const struct cgroup_place *place)
{
    for (int limit = 0; limit < LIMIT_IO_DEVICE_WEIGHT && !place->is_root; limit++) {
        const struct limit_row *row = &rows[limit];
        struct writing w = {.dirfd = dirfd, .context = context, .row = row, .value = row->initial};
        if (row->file && !row->superseded_by && !cgroup_context_get(context, limit, place->starting))
            (void)row->write(&w);
    }
    if (place->is_root)
        return;
    lift_devices(dirfd, "io.max", "rbps=max wbps=max riops=max wiops=max");
    lift_devices(dirfd, "io.weight", "default");
    lift_devices(dirfd, "io.bfq.weight", "default");
    lift_devices(dirfd, "io.latency", "target=0");
}

void cgroup_limits_check(const struct cgroup_context *context, unsigned controllers, bool delegated,
                         cgroup_problem_fn problem, void *userdata)
{
    const struct cgroup_place place = {.controllers = controllers};
    char text[192];

    for (const struct cgroup_setting *setting = context->settings; setting; setting = setting->next) {
        if (is_idle(context, setting))
            continue;
        const char *why = delegated ? controller_problem(&place, &rows[setting->limit], text, sizeof(text))
                                    : "no cgroup v2 tree is delegated to the container";
        if (why)
            problem(userdata, setting, why);
    }
}

unsigned cgroup_controllers_parse(const char *text)
{
    _cleanup_strv_ char **words = NULL;
    unsigned mask = 0;

    if (strv_split(text, " \n", &words) < 0)
        return 0;
    for (char **word = words; word && *word; word++) {
        int controller = cgroup_controller_from_string(*word);
        mask |= controller < 0 ? 0 : CONTROLLER_BIT(controller);
    }
    return mask;
}

uint64_t cgroup_read_number(int dirfd, const char *file)
{
    _cleanup_free_ char *text = NULL;
    uint64_t value;

    if (read_file_at(dirfd, file, FILE_MAX, &text, NULL) < 0)
        return UINT64_MAX;
    text[strcspn(text, "\n")] = 0;
    return parse_u64(text, &value) < 0 ? UINT64_MAX : value;
}

void cgroup_place_measure(int root_fd, struct cgroup_place *place)
{
    struct sysinfo info = {0};

    (void)sysinfo(&info);
    place->memory = MIN((uint64_t)info.totalram * info.mem_unit, cgroup_read_number(root_fd, "memory.max"));
    place->tasks = MIN(cgroup_read_number(AT_FDCWD, "/proc/sys/kernel/pid_max"),
                       cgroup_read_number(AT_FDCWD, "/proc/sys/kernel/threads-max"));
    place->tasks = MIN(place->tasks, cgroup_read_number(root_fd, "pids.max"));
}
