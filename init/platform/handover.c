/* What boot mode hands over beside the manager's state. */
#include "init/platform/handover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/platform/children.h"
#include "init/platform/limits.h"

#define COMM_MAX 16 /* TASK_COMM_LEN of the kernel */

#define PLATFORM(name, kind, member)                                                                         \
    {                                                                                                        \
        name, kind, offsetof(struct platform, member)                                                        \
    }
static const struct field platform_fields[] = {
    PLATFORM("BootRealtime", FIELD_U64, boot_realtime),
    PLATFORM("Seed", FIELD_U64, seed),
    PLATFORM("Mask", FIELD_U64, inherited_mask),
    PLATFORM("BootJob", FIELD_UNSIGNED, boot_job),
    PLATFORM("Booted", FIELD_BOOL, booted),
    PLATFORM("StartupIsOver", FIELD_BOOL, startup_is_over),
    PLATFORM("CommandDirectory", FIELD_TEXT, command_directory),
};
/* These are written by hand. */
static const struct field given_fields[] = {
    PLATFORM("Target", FIELD_TEXT, kept_target),
    PLATFORM("NotifyAddress", FIELD_TEXT, given.notify_address),
    PLATFORM("Cgroup", FIELD_TEXT, given.cgroup),
};

/* --- the process itself --- */

static void write_process(const struct platform *platform, struct handover *handover)
{
    char comm[COMM_MAX + 1] = "";

    handover_section(handover, "process", NULL);
    fields_write(handover, platform_fields, ELEMENTSOF(platform_fields), platform);
    handover_add(handover, "Target", platform->target);
    if (platform->cgroups)
        handover_add(handover, "Cgroup", cgroup_tree_path(platform->cgroups));
    if (prctl(PR_GET_NAME, comm) == 0)
        handover_add(handover, "Comm", comm);
    handover_add_u64(handover, "Terminal", (uint64_t)platform->terminal);
    handover_add_u64(handover, "Debug", log_get_level() == LOG_LEVEL_DEBUG);
    handover_add(handover, "Progress", platform->progress[0] ? platform->progress : NULL);
    handover_add_fd(handover, "Input", platform->input, NULL);
    handover_add_fd(handover, "Upward", platform->upward, NULL);
    for (char **variable = platform->environment; variable && *variable; variable++)
        handover_add(handover, "Environment", *variable);
}

static void take_fd(struct handover_reader *reader, const char *value, int *fd)
{
    if (*fd < 0)
        *fd = handover_take_fd(reader, value, NULL);
}

/* Lines that are no fields: 1 when it is one of these. */
static int read_process_line(struct platform *platform, struct handover_reader *reader,
                             const struct handover_line *line)
{
    const char *value = line->value;

    if (streq(line->key, "Comm"))
        (void)prctl(PR_SET_NAME, value);
    else if (streq(line->key, "Terminal") && value[0] >= '0' && value[0] <= '0' + TERMINAL_SHARED &&
             !value[1])
        platform->terminal = (enum terminal_plan)(value[0] - '0');
    else if (streq(line->key, "Debug"))
        log_set_level(LOG_LEVEL_DEBUG);
    else if (streq(line->key, "Progress"))
        (void)snprintf(platform->progress, sizeof(platform->progress), "%s", value);
    else if (streq(line->key, "Input"))
        take_fd(reader, value, &platform->input);
    else if (streq(line->key, "Upward"))
        take_fd(reader, value, &platform->upward);
    else if (streq(line->key, "NotifySocket"))
        take_fd(reader, value, &platform->given.notify);
    else if (streq(line->key, "Environment"))
        return strv_append(&platform->environment, value) < 0 ? -ENOMEM : 1;
    else
        return 0;
    return 1;
}

int handover_take_process(struct platform *platform, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "process", &cursor)))
        while (handover_next(reader, section, &line)) {
            int r = read_process_line(platform, reader, &line);
            if (r == 0)
                r = field_read(reader, platform_fields, ELEMENTSOF(platform_fields), platform, &line);
            if (r == 0)
                r = field_read(reader, given_fields, ELEMENTSOF(given_fields), platform, &line);
            if (r < 0)
                return r;
            reader->n_unknown += r == 0;
        }
    /* Who wrote it may not have known of these. */
    if (!platform->kept_target)
        platform->kept_target = strdup("multi-user.target");
    if (!platform->command_directory)
        platform->command_directory = strdup("/");
    platform->target = platform->kept_target;
    return platform->target && platform->command_directory ? 0 : -ENOMEM;
}

/* --- a unit's processes --- */

static void write_runtime(const struct unit_runtime *runtime, struct handover *handover)
{
    char id[INVOCATION_ID_SIZE];

    process_group_print_invocation(&runtime->group, id);
    handover_section(handover, "runtime", runtime->unit->unit->name);
    if (runtime->cgroup)
        cgroup_unit_hand_over(runtime->cgroup, handover);
    for (size_t i = 0; i < runtime->group.n_sessions; i++)
        handover_addf(handover, "Session", "%d", (int)runtime->group.sessions[i]);
    handover_add(handover, "InvocationId", id[0] ? id : NULL);
    handover_add_u64(handover, "Invocation", runtime->invocation);
    handover_add_u64(handover, "Started", runtime->started);
    handover_add_u64(handover, "ToldLimits", runtime->told_limits);
    handover_add_u64(handover, "AwaitsEmpty", unit_runtime_is_awaited(runtime));
    fd_store_hand_over(runtime->store, handover);
}

static const struct field runtime_fields[] = {
    {"Invocation", FIELD_U64, offsetof(struct unit_runtime, invocation)},
    {"Started", FIELD_U64, offsetof(struct unit_runtime, started)},
    {"ToldLimits", FIELD_BOOL, offsetof(struct unit_runtime, told_limits)},
};

static void take_session(struct unit_runtime *runtime, struct handover_reader *reader, const char *value)
{
    int session;

    if (parse_int(value, &session) == 0 && session > 1)
        (void)process_group_add(&runtime->group, session);
    else
        reader->n_bad++;
}

static bool take_invocation(struct process_group *group, const char *value)
{
    enum { HALF = (INVOCATION_ID_SIZE - 1) / 2 };
    char first[HALF + 1] = {0};

    if (strspn(value, "0123456789abcdef") != INVOCATION_ID_SIZE - 1 || value[INVOCATION_ID_SIZE - 1])
        return false;
    memcpy(first, value, HALF);
    group->invocation_id[0] = strtoull(first, NULL, 16);
    group->invocation_id[1] = strtoull(value + HALF, NULL, 16);
    return true;
}

/* "FD poll NAME" */
static void take_stored(struct platform *platform, struct unit_runtime *runtime,
                        struct handover_reader *reader, const char *value)
{
    const char *rest;
    uint64_t poll;
    int fd = handover_take_fd(reader, value, &rest);

    if (fd < 0)
        return;
    if (handover_number(&rest, &poll) && *rest)
        (void)platform_store_descriptor(platform, runtime->unit, rest, &fd, poll != 0);
    close_fd(fd);
}

static int read_runtime_line(struct platform *platform, struct unit_runtime *runtime,
                             struct handover_reader *reader, const struct handover_line *line)
{
    if (streq(line->key, "Cgroup")) {
        if (platform->cgroups && !runtime->cgroup)
            (void)cgroup_unit_take_over(platform->cgroups, runtime->unit->unit, runtime->unit, line->value,
                                        &runtime->cgroup);
    } else if (streq(line->key, "Session"))
        take_session(runtime, reader, line->value);
    else if (streq(line->key, "InvocationId"))
        reader->n_bad += !take_invocation(&runtime->group, line->value);
    else if (streq(line->key, "AwaitsEmpty"))
        unit_runtime_set_awaited(runtime, streq(line->value, "1"));
    else if (streq(line->key, "StoredFD"))
        take_stored(platform, runtime, reader, line->value);
    else
        return field_read(reader, runtime_fields, ELEMENTSOF(runtime_fields), runtime, line);
    return 1;
}

static int take_runtime(struct platform *platform, struct handover_reader *reader,
                        struct handover_section *section)
{
    struct manager_unit *unit = manager_find(platform->manager, section->name);
    struct unit_runtime *runtime = unit ? unit_runtime_get(&platform->runtimes, unit) : NULL;
    struct handover_line line;

    if (unit && !runtime)
        return -ENOMEM;
    reader->n_bad += !unit;
    platform->runtimes.manager = platform->manager;
    while (runtime && handover_next(reader, section, &line))
        reader->n_unknown += read_runtime_line(platform, runtime, reader, &line) == 0;
    return 0;
}

/* The manager counts descriptors that the platform keeps: both are to say the same. */
static void settle_store(struct platform *platform, struct unit_runtime *runtime)
{
    unsigned n = fd_store_count(runtime->store);

    while (runtime->unit->n_stored > n)
        platform_event(platform, &(struct event){.type = EVENT_DESCRIPTOR_GONE, .unit = runtime->unit});
}

/* --- all of it --- */

static void write_runtimes(const struct unit_runtime *runtime, struct handover *handover)
{
    for (; runtime; runtime = runtime->next)
        write_runtime(runtime, handover);
}

static void write_notify(const struct platform *platform, struct handover *handover)
{
    if (!platform->notify)
        return;
    handover_section(handover, "process", NULL);
    handover_add(handover, "NotifyAddress", notify_socket_address(platform->notify));
    handover_add_fd(handover, "NotifySocket", notify_socket_fd(platform->notify), NULL);
}

int platform_hand_over(struct platform *platform, struct handover *handover)
{
    write_process(platform, handover);
    write_notify(platform, handover);
    int r = manager_serialize(platform->manager, handover);
    if (r < 0)
        return r;
    write_runtimes(platform->runtimes.all, handover);
    spawner_hand_over(platform->spawner, handover);
    logs_hand_over(platform->logs, handover);
    control_server_hand_over(platform->control, handover);
    return 0;
}

int handover_take_units(struct platform *platform, struct handover_reader *reader)
{
    struct handover_section *section;

    if (platform->cgroups)
        cgroup_tree_set_starting(platform->cgroups, !platform->startup_is_over);
    int r = manager_deserialize(platform->manager, now_monotonic(), reader);
    for (size_t cursor = 0; r == 0 && (section = handover_find(reader, "runtime", &cursor));)
        r = take_runtime(platform, reader, section);
    if (r < 0)
        return r;
    spawner_take_over(platform->spawner, reader);
    return 0;
}

/* Zombies have waited for us, and what a control group said in the meantime nobody has heard. From the front
 * each time: what is told may free any of them. */
static void tell_empty(struct platform *platform)
{
    size_t cursor = 0;

    for (struct manager_unit *unit; (unit = manager_next_unit(platform->manager, &cursor));) {
        struct unit_runtime *runtime = unit_runtime_of(unit);
        if (runtime && runtime->cgroup && unit->unit->type == UNIT_SERVICE &&
            !cgroup_unit_is_populated(runtime->cgroup))
            platform_event(platform, &(struct event){.type = EVENT_EMPTY, .unit = unit});
    }
}

/* Those that ended meanwhile are there still. */
static void watch_children(struct platform *platform)
{
    struct manager_unit *unit;
    size_t cursor = 0;

    while ((unit = manager_next_unit(platform->manager, &cursor))) {
        children_take(platform->children, unit->main_pid);
        children_take(platform->children, unit->control_pid);
    }
    children_sweep(platform->children);
}

void handover_catch_up(struct platform *platform)
{
    for (struct unit_runtime *runtime = platform->runtimes.all; runtime; runtime = runtime->next)
        settle_store(platform, runtime);
    if (platform->cgroups)
        cgroup_tree_check_oom(platform->cgroups);
    watch_children(platform);
    if (!platform->cgroups)
        platform_check_empty(platform);
    tell_empty(platform);
    platform_event(platform, &(struct event){.type = EVENT_TIME});
    platform_apply_limits(platform);
    platform->progress_changed = true;
}
