/* The state directory: claiming a name, reading and writing what is known of it. */
#include "launcher/state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "berth/paths.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/syscalls.h"
#include "common/text.h"

#define PROC_STAT_MAX 4096 /* bytes of /proc/PID/stat */

/* root's own place, else the one of the environment variable, else fallback below the home directory. */
static int base_path(const char *root_path, const char *variable, const char *fallback, char **ret)
{
    if (geteuid() == 0) {
        *ret = strdup(root_path);
        return *ret ? 0 : -ENOMEM;
    }
    const char *base = getenv(variable), *home = getenv("HOME");
    if (base && base[0] == '/')
        *ret = xasprintf("%s/berth", base);
    else if (fallback && home && home[0] == '/')
        *ret = xasprintf("%s/%s/berth", home, fallback);
    else
        *ret = xasprintf("/tmp/berth-%u", (unsigned)geteuid());
    return *ret ? 0 : -ENOMEM;
}

static int runtime_path(char **ret)
{
    return base_path(HOST_RUNTIME_DIR, "XDG_RUNTIME_DIR", NULL, ret);
}

int state_persistent_path(const char *name, char **ret)
{
    _cleanup_free_ char *base = NULL;
    int r = base_path(HOST_STATE_DIR, "XDG_STATE_HOME", ".local/state", &base);
    if (r < 0)
        return r;
    *ret = xasprintf("%s/%s", base, name);
    return *ret ? 0 : -ENOMEM;
}

/* Opens the directory of all containers; it is ours alone, or we do not trust it (the fallback lies in /tmp).
 */
static int open_runtime_dir(bool make, char **ret_path, int *ret_fd)
{
    _cleanup_free_ char *path = NULL;
    struct stat st;

    int r = runtime_path(&path);
    if (r < 0)
        return r;
    if (make && (r = make_dirs_at(AT_FDCWD, path, 0700)) < 0)
        return r;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_uid != geteuid() || (st.st_mode & 022))
        return -EPERM;
    *ret_fd = TAKE_FD(fd);
    *ret_path = TAKE_PTR(path);
    return 0;
}

/* Opens (and makes) NAME below the runtime directory. */
static int open_dir(const char *name, bool make, struct state *state)
{
    _cleanup_close_ int base_fd = -EBADF;
    _cleanup_free_ char *base = NULL;

    int r = open_runtime_dir(make, &base, &base_fd);
    if (r < 0)
        return r;
    if (make && mkdirat(base_fd, name, 0700) < 0 && errno != EEXIST)
        return -errno;
    state->dir_fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (state->dir_fd < 0)
        return -errno;
    state->name = strdup(name);
    state->path = xasprintf("%s/%s", base, name);
    return state->name && state->path ? 0 : -ENOMEM;
}

/* Whether the lock that we hold is still the file that others find by name. */
static bool lock_is_current(const struct state *state)
{
    struct stat held, named;
    return fstat(state->lock_fd, &held) >= 0 && fstatat(state->dir_fd, "lock", &named, 0) >= 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* Who only looks holds it shared, and for a moment. A monitor that was killed while it started its container
 * leaves the lock to what it had cloned, which dies of that. */
static bool lock_will_be_free(const struct state *state)
{
    _cleanup_state_record_ struct state_record record = {};

    if (flock(state->lock_fd, LOCK_SH | LOCK_NB) >= 0)
        return true;
    return state_read(state, &record) >= 0 && kill(record.monitor, 0) < 0 && errno == ESRCH;
}

/* One try at making directory and lock. -EAGAIN: the former owner removed them meanwhile, or is about to. */
static int claim_once(const char *name, struct state *state)
{
    int r = open_dir(name, true, state);
    if (r < 0)
        return r;
    state->lock_fd = openat(state->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (state->lock_fd < 0)
        return errno == ENOENT ? -EAGAIN : -errno;
    if (flock(state->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return errno != EWOULDBLOCK ? -errno : lock_will_be_free(state) ? -EAGAIN : -EBUSY;
    return lock_is_current(state) ? 0 : -EAGAIN;
}

/* All but the lock: also what a monitor that was killed had half written. */
static void remove_leftovers(const struct state *state)
{
    int fd = openat(state->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir) {
        close_fd(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        if (!streq(entry->d_name, "lock"))
            (void)unlinkat(state->dir_fd, entry->d_name, 0); /* fails for "." and ".." */
}

int state_process_started(pid_t pid, uint64_t *ret)
{
    _cleanup_free_ char *text = NULL;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int r = read_file_at(AT_FDCWD, path, PROC_STAT_MAX, &text, NULL);
    const char *rest = r < 0 ? NULL : strrchr(text, ')'); /* the name in front may hold anything */
    /* Behind the name: " S PPID …", the start is the twentieth word. */
    if (!rest ||
        sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
               ret) != 1)
        return r < 0 ? r : -EBADMSG;
    return 0;
}

int state_wait_for_leader(const char *name, const struct state_record *record, usec_t deadline,
                          struct failure *failure)
{
    uint64_t started;
    _cleanup_close_ int pid_fd = record->leader > 0 ? sys_pidfd_open(record->leader, 0) : -EBADF;

    if (pid_fd < 0 || state_process_started(record->leader, &started) < 0 ||
        started != record->leader_started)
        return 0;
    if (wait_for_fd(pid_fd, POLLIN, deadline) >= 0)
        return 0;
    return fail(failure, -EBUSY,
                "PID 1 of container %s, whose monitor was killed, has not ended: see process %d", name,
                (int)record->leader);
}

/* What a monitor that was killed has left goes when nothing of its container runs any more. */
static int take_over(const char *name, const struct state *state, usec_t deadline, struct failure *failure)
{
    _cleanup_state_record_ struct state_record record = {};

    int r = state_read(state, &record) < 0 ? 0 : state_wait_for_leader(name, &record, deadline, failure);
    if (r < 0)
        return r;
    if (record.scratch)
        (void)remove_tree_at(AT_FDCWD, record.scratch);
    remove_leftovers(state);
    return 0;
}

int state_claim(const char *name, usec_t deadline, struct state *ret, struct failure *failure)
{
    _cleanup_state_ struct state state = STATE_INIT;
    int r;

    do {
        state_done(&state);
        r = claim_once(name, &state);
        if (r == -EAGAIN)
            (void)poll(NULL, 0, 1);
    } while (r == -EAGAIN && now_monotonic() < deadline);

    if (r == -EAGAIN)
        r = -EBUSY;

    if (r == -EBUSY)
        return fail(failure, r,
                    "container %s is running: stop it with `berth stop %s`, or choose another name", name,
                    name);
    if (r < 0) {
        _cleanup_free_ char *path = NULL;
        (void)runtime_path(&path);
        return fail(failure, r, "state directory %s/%s: %s", path ? path : "", name, strerror(-r));
    }
    if ((r = take_over(name, &state, deadline, failure)) < 0)
        return r;
    state.running = true;
    *ret = state;
    state = (struct state)STATE_INIT;
    return 0;
}

int state_open(const char *name, struct state *ret)
{
    _cleanup_state_ struct state state = STATE_INIT;

    int r = open_dir(name, false, &state);
    if (r < 0)
        return r;
    _cleanup_close_ int lock = openat(state.dir_fd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0)
        return -errno;
    state.running = flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
    *ret = state;
    state = (struct state)STATE_INIT;
    return 0;
}

void state_remove(struct state *state)
{
    _cleanup_close_ int base_fd = -EBADF;
    _cleanup_free_ char *base = NULL;

    if (state->dir_fd < 0)
        return;
    remove_leftovers(state);
    /* The lock goes last, while it is held: whoever waits for the name finds another file, or none. */
    (void)unlinkat(state->dir_fd, "lock", 0);
    if (open_runtime_dir(false, &base, &base_fd) >= 0)
        (void)unlinkat(base_fd, state->name, AT_REMOVEDIR);
}

void state_done(struct state *state)
{
    free(state->name);
    free(state->path);
    close_fd(state->dir_fd);
    close_fd(state->lock_fd);
    *state = (struct state)STATE_INIT;
}

int state_write(const struct state *state, const struct state_record *record)
{
    _cleanup_free_ struct record *packet = malloc(sizeof(*packet));
    if (!packet)
        return -ENOMEM;
    record_begin(packet, NULL);
    record_add_u64(packet, "Version", 1);
    record_add(packet, "Name", state->name);
    record_add_u64(packet, "Monitor", (uint64_t)record->monitor);
    record_add_u64(packet, "Leader", (uint64_t)record->leader);
    record_add_u64(packet, "LeaderStarted", record->leader_started);
    record_add_u64(packet, "Started", record->started);
    record_add_bool(packet, "Boot", record->boot);
    record_add(packet, "Root", record->root);
    record_add(packet, "Command", record->command);
    record_add(packet, "Unit", record->unit);
    record_add(packet, "Cgroup", record->cgroup);
    record_add(packet, "Upper", record->upper);
    record_add(packet, "Work", record->work);
    record_add(packet, "Scratch", record->scratch);
    record_add(packet, "Status", record->status);
    packet->data[packet->size] = 0;
    return replace_file_at(state->dir_fd, "state", packet->data, 0600);
}

static int read_pid(const char *packet, size_t size, const char *key, pid_t *ret)
{
    uint64_t number;
    _cleanup_free_ char *text = record_get(packet, size, key);
    if (!text || parse_u64(text, &number) < 0 || number > INT32_MAX)
        return -EBADMSG;
    *ret = (pid_t)number;
    return 0;
}

int state_read(const struct state *state, struct state_record *ret)
{
    _cleanup_free_ char *text = NULL, *boot = NULL, *started = NULL, *leader_started = NULL;
    _cleanup_state_record_ struct state_record record = {};
    size_t size;

    int r = read_file_at(state->dir_fd, "state", STATE_FILE_MAX, &text, &size);
    if (r < 0)
        return r;
    if (read_pid(text, size, "Monitor", &record.monitor) < 0 ||
        read_pid(text, size, "Leader", &record.leader) < 0)
        return -EBADMSG;
    started = record_get(text, size, "Started");
    if (!started || parse_u64(started, &record.started) < 0)
        return -EBADMSG;
    leader_started = record_get(text, size, "LeaderStarted");
    if (!leader_started || parse_u64(leader_started, &record.leader_started) < 0)
        return -EBADMSG;
    boot = record_get(text, size, "Boot");
    if (!boot || parse_bool(boot, &record.boot) < 0)
        return -EBADMSG;
    record.root = record_get(text, size, "Root");
    record.command = record_get(text, size, "Command");
    record.unit = record_get(text, size, "Unit");
    record.cgroup = record_get(text, size, "Cgroup");
    record.upper = record_get(text, size, "Upper");
    record.work = record_get(text, size, "Work");
    record.scratch = record_get(text, size, "Scratch");
    record.status = record_get(text, size, "Status");
    *ret = record;
    record = (struct state_record){};
    return 0;
}

void state_record_done(struct state_record *record)
{
    free(record->root);
    free(record->command);
    free(record->unit);
    free(record->cgroup);
    free(record->upper);
    free(record->work);
    free(record->scratch);
    free(record->status);
    *record = (struct state_record){};
}

int state_list(char ***ret)
{
    _cleanup_close_ int fd = -EBADF;
    _cleanup_free_ char *path = NULL;
    _cleanup_strv_ char **names = NULL;

    int r = open_runtime_dir(false, &path, &fd);
    if (r < 0 && r != -ENOENT)
        return r;
    _cleanup_closedir_ DIR *dir = r < 0 ? NULL : fdopendir(fd);
    if (dir)
        TAKE_FD(fd);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && (r = strv_append(&names, entry->d_name)) < 0)
            return r;
    strv_sort(names);
    *ret = TAKE_PTR(names);
    return 0;
}
