/* Walking /proc for the processes of a unit. */
#include "init/platform/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"

#define STAT_MAX        4096
#define ENVIRON_MAX     (256 * 1024)
#define CHILDREN_MAX    (1024 * 1024)
#define HOST_PID_NS_INO 0xEFFFFFFCU /* PROC_PID_INIT_INO of the kernel */
#define KILL_ROUNDS_MAX 8           /* processes that fork while they are being killed */
#define SESSIONS_MAX    256         /* what a unit makes PID 1 keep and compare */
#define LOOKS_MAX       100 /* at processes between two programs, in one table, and the time between */
#define LOOK_AGAIN_NSEC 100000

struct process {
    pid_t pid, parent, session;
    size_t environment; /* its size */
    bool zombie;
    bool has_memory, has_environment; /* the latter comes last when a program is executed */
    bool member;
    bool unclear; /* whether it is one */
};

struct process_table {
    struct process *processes;
    size_t n, room;
    unsigned looks;   /* that are left */
    bool tells_sizes; /* of environments: emulators may not */
};

static void process_table_done(struct process_table *table)
{
    free(table->processes);
}
#define _cleanup_process_table_ _cleanup_(process_table_done)

/* proc(5): "1 (name) S ppid pgrp session ..."; the name may hold anything, also ")". Not with sscanf(3),
 * which alone is a tenth of libc in this program. */
static int parse_stat(char *text, struct process *process)
{
    enum { STATE, PARENT, GROUP, SESSION, MEMORY = 20, ENV_START = 47, ENV_END, N_FIELDS };
    char *fields[N_FIELDS], *save = NULL, *behind = strrchr(text, ')');
    uint64_t memory, start, end;

    for (size_t i = 0; i < N_FIELDS; i++) {
        fields[i] = behind ? strtok_r(i == 0 ? behind + 1 : NULL, " ", &save) : NULL;
        if (!fields[i])
            return -EBADMSG;
    }
    if (parse_int(fields[PARENT], &process->parent) < 0 ||
        parse_int(fields[SESSION], &process->session) < 0 || parse_u64(fields[MEMORY], &memory) < 0 ||
        parse_u64(fields[ENV_START], &start) < 0 || parse_u64(fields[ENV_END], &end) < 0)
        return -EBADMSG;
    process->zombie = streq(fields[STATE], "Z");
    process->environment = end - start;
    process->has_memory = memory > 0;
    process->has_environment = end > 0;
    return 0;
}

static int read_process(pid_t pid, struct process *ret)
{
    char file[sizeof("/proc//stat") + 3 * sizeof(pid_t)];
    _cleanup_free_ char *text = NULL;

    *ret = (struct process){.pid = pid};
    (void)snprintf(file, sizeof(file), "/proc/%d/stat", (int)pid);
    int r = read_file_at(AT_FDCWD, file, STAT_MAX, &text, NULL);
    return r < 0 ? r : parse_stat(text, ret);
}

static int compare_pids(const void *a, const void *b)
{
    pid_t one = ((const struct process *)a)->pid, other = ((const struct process *)b)->pid;
    return (one > other) - (one < other);
}

static int process_table_read(struct process_table *table)
{
    _cleanup_closedir_ DIR *proc = opendir("/proc");
    struct dirent *entry;
    int pid;

    if (!proc)
        return -errno;
    while ((entry = readdir(proc))) {
        if (parse_int(entry->d_name, &pid) < 0)
            continue;
        if (table->n == table->room) {
            size_t room = table->room ? table->room * 2 : 64;
            struct process *bigger = reallocarray(table->processes, room, sizeof(*bigger));
            if (!bigger)
                return -ENOMEM;
            table->processes = bigger;
            table->room = room;
        }
        if (read_process(pid, &table->processes[table->n]) == 0)
            table->n++; /* else it has just ended */
    }
    struct process self;
    table->tells_sizes = read_process(getpid(), &self) == 0 && self.has_environment;
    if (table->n > 0)
        qsort(table->processes, table->n, sizeof(*table->processes), compare_pids);
    return 0;
}

static bool has_session(const struct process_group *group, pid_t session)
{
    for (size_t i = 0; i < group->n_sessions; i++)
        if (group->sessions[i] == session)
            return true;
    return false;
}

void process_group_print_invocation(const struct process_group *group, char ret[static INVOCATION_ID_SIZE])
{
    const uint64_t *id = group->invocation_id;

    ret[0] = 0;
    if (id[0] != 0)
        (void)snprintf(ret, INVOCATION_ID_SIZE, "%016" PRIx64 "%016" PRIx64, id[0], id[1]);
}

/* A daemon that left its session and its parent still carries the environment that it was started with.
 * *ret_size: how much could be read of it. */
static int find_invocation(const struct process_group *group, pid_t pid, size_t *ret_size)
{
    char file[sizeof("/proc//environ") + 3 * sizeof(pid_t)];
    char id[INVOCATION_ID_SIZE], wanted[sizeof("INVOCATION_ID=") + sizeof(id)];
    _cleanup_free_ char *text = NULL;

    if (group->invocation_id[0] == 0)
        return -ENODATA;
    (void)snprintf(file, sizeof(file), "/proc/%d/environ", (int)pid);
    int r = read_file_at(AT_FDCWD, file, ENVIRON_MAX, &text, ret_size);
    if (r < 0)
        return r;
    process_group_print_invocation(group, id);
    (void)snprintf(wanted, sizeof(wanted), "INVOCATION_ID=%s", id);
    for (const char *p = text; p < text + *ret_size; p += strlen(p) + 1)
        if (streq(p, wanted))
            return 1;
    return 0;
}

static bool has_invocation(const struct process_group *group, pid_t pid)
{
    size_t size;
    return find_invocation(group, pid, &size) > 0;
}

/* The memory of the old program is gone, or that of the new one has no environment yet. What was read is all
 * of it when it is as long as it should be. */
static bool is_between_programs(const struct process *process, size_t size)
{
    return process->has_environment ? size != process->environment : process->has_memory;
}

/* Whether our child was started by the unit; unclear when it takes longer to execute a program than we wait.
 */
static void judge_child(struct process_table *table, const struct process_group *group, struct process *p)
{
    size_t size;
    int r;

    while ((r = find_invocation(group, p->pid, &size)) == 0 && table->tells_sizes && !p->zombie &&
           is_between_programs(p, size)) {
        p->unclear = table->looks == 0;
        if (p->unclear)
            return;
        table->looks--;
        (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_NSEC}, NULL);
        if (read_process(p->pid, p) < 0)
            return;
    }
    p->member = r > 0;
}

static bool is_member(const struct process_table *table, pid_t pid)
{
    const struct process key = {.pid = pid};
    const struct process *p = bsearch(&key, table->processes, table->n, sizeof(key), compare_pids);
    return p && p->member;
}

/* Children of members are members, whatever session they made. Parents mostly stand before their children, so
 * one round and one that sees nothing new are the rule. */
static void mark_descendants(struct process_table *table)
{
    bool changed;

    do {
        changed = false;
        FOREACH_ARRAY (p, table->processes, table->n) {
            if (!p->member && is_member(table, p->parent))
                p->member = changed = true;
        }
    } while (changed);
}

/* One look after the other does not wait for the same process. */
static void mark_group(struct process_table *table, const struct process_group *group,
                       const struct process_others *others)
{
    pid_t self = getpid();

    table->looks = group->unclear ? 0 : LOOKS_MAX;
    FOREACH_ARRAY (p, table->processes, table->n) {
        p->member = p->pid != self && has_session(group, p->session);
        if (!p->member && p->parent == self && !(others && others->is_other(others->userdata, p->pid)))
            judge_child(table, group, p);
    }
    mark_descendants(table);
}

/* Members that made sessions of their own are found there when their parents are gone, also when they have
 * written their title over their environment. Nobody gets into a session but by birth. */
static void learn_sessions(struct process_group *group, const struct process_table *table)
{
    pid_t own = getsid(0);

    FOREACH_ARRAY (p, table->processes, table->n)
        if (p->member && p->session != own && group->n_sessions < SESSIONS_MAX)
            (void)process_group_add(group, p->session);
}

/* A pid is not given to a new process while it names a session; afterwards it may be. Whoever has it and no
 * session of that name is the child that is about to make one. */
static void forget_sessions(struct process_group *group, struct process_table *table)
{
    uint16_t kept = 0;

    for (size_t i = 0; i < group->n_sessions; i++) {
        bool used = false;
        FOREACH_ARRAY (p, table->processes, table->n)
            used |= p->session == group->sessions[i] || p->pid == group->sessions[i];
        if (used)
            group->sessions[kept++] = group->sessions[i];
    }
    group->n_sessions = kept;
}

static size_t count_unclear(const struct process_table *table)
{
    size_t n = 0;

    FOREACH_ARRAY (p, table->processes, table->n)
        n += p->unclear;
    return n;
}

static size_t signal_members(struct process_table *table, int signal, const pid_t *except)
{
    size_t n = 0;

    FOREACH_ARRAY (p, table->processes, table->n) {
        if (p->member && !p->zombie && !pid_is_in(except, p->pid))
            n += kill(p->pid, signal) == 0;
    }
    return n;
}

/* Most units never have a second session, and their only one needs no memory of its own. */
static int make_room(struct process_group *group)
{
    pid_t *own = group->sessions == &group->only ? NULL : group->sessions;

    if (!own && group->n_sessions == 0) {
        group->sessions = &group->only;
        return 0;
    }
    pid_t *bigger = reallocarray(own, group->n_sessions + 1, sizeof(*bigger));
    if (!bigger)
        return -ENOMEM;
    if (!own)
        *bigger = group->only;
    group->sessions = bigger;
    return 0;
}

int process_group_add(struct process_group *group, pid_t session)
{
    group->gone = false;
    if (has_session(group, session))
        return 0;
    int r = make_room(group);
    if (r < 0)
        return r;
    group->sessions[group->n_sessions++] = session;
    return 0;
}

/* A session keeps its number from being given away, also when its leader is gone: no such number, no such
 * session. Newer kernels say the same when only the leader is gone, and then our children decide. */
static bool session_is_gone(pid_t session)
{
    _cleanup_close_ int fd = sys_pidfd_open(session, 0);
    return fd < 0 && errno == ESRCH;
}

/* Whether each of our children is somebody else's: who has lost his parent is our child, or below one. */
static bool children_are_others(const struct process_others *others)
{
    char file[sizeof("/proc/self/task//children") + 3 * sizeof(pid_t)];
    _cleanup_free_ char *text = NULL;

    (void)snprintf(file, sizeof(file), "/proc/self/task/%d/children", (int)getpid());
    if (read_file_at(AT_FDCWD, file, CHILDREN_MAX, &text, NULL) < 0)
        return false;
    for (char *cursor = text, *word; (word = strsep(&cursor, " "));) {
        int pid;
        if (*word && (parse_int(word, &pid) < 0 || !others->is_other(others->userdata, pid)))
            return false;
    }
    return true;
}

bool process_group_is_gone(struct process_group *group, const struct process_others *others)
{
    if (group->gone)
        return true; /* it was seen before, and nobody comes back */
    for (size_t i = 0; i < group->n_sessions; i++)
        if (!session_is_gone(group->sessions[i]))
            return false;
    group->gone = children_are_others(others);
    if (group->gone)
        group->n_sessions = 0;
    return group->gone;
}

void process_group_adopt(struct process_group *group, pid_t pid)
{
    pid_t session = getsid(pid);

    (void)process_group_add(group, pid);
    if (session > 0 && session != pid && session != getsid(0) && has_invocation(group, pid))
        (void)process_group_add(group, session);
}

void process_group_done(struct process_group *group)
{
    if (group->sessions != &group->only)
        free(group->sessions);
    *group = (struct process_group){0};
}

size_t process_group_kill(struct process_group *group, int signal, const pid_t *except,
                          const struct process_others *others)
{
    _cleanup_process_table_ struct process_table table = {0};

    if (process_table_read(&table) < 0)
        return 0;
    mark_group(&table, group, others);
    learn_sessions(group, &table);
    size_t n = signal_members(&table, signal, except), n_unclear = count_unclear(&table);
    forget_sessions(group, &table);
    group->unclear = n_unclear > 0;
    return n + n_unclear;
}

pid_t process_group_only_child(const struct process_group *group)
{
    _cleanup_process_table_ struct process_table table = {0};
    pid_t found = 0, self = getpid();

    if (process_table_read(&table) < 0)
        return 0;
    mark_group(&table, group, NULL);
    FOREACH_ARRAY (p, table.processes, table.n) {
        if (!p->member || p->zombie || p->parent != self)
            continue;
        if (found != 0)
            return 0;
        found = p->pid;
    }
    return found;
}

bool process_group_has(const struct process_group *group, pid_t pid)
{
    return has_session(group, getsid(pid)) || has_invocation(group, pid);
}

int processes_signal_descendants(int signal)
{
    _cleanup_process_table_ struct process_table table = {0};
    pid_t self = getpid();

    int r = process_table_read(&table);
    if (r < 0)
        return r;
    FOREACH_ARRAY (p, table.processes, table.n)
        p->member = p->parent == self;
    mark_descendants(&table);
    return (int)signal_members(&table, signal, NULL);
}

void processes_kill_descendants(void)
{
    for (unsigned i = 0; i < KILL_ROUNDS_MAX; i++)
        if (processes_signal_descendants(SIGKILL) <= 0)
            return;
}

bool processes_is_host_init(void)
{
    struct stat st;

    return getpid() == 1 && stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == HOST_PID_NS_INO;
}
