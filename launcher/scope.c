/* The life of a scope, whoever makes its group.
 *
 * - request: choose the manager, check everything that can be checked, send or prepare; nothing has happened
 * yet
 * - wait: the group is there with its limits; then make supervisor and payload, see the scope itself empty,
 *   enable the controllers one by one, and read the limits back
 * - join: move into supervisor
 * - destroy: kill what is left in the payload, remove the groups below, leave
 *
 * systemd puts us into the scope itself, where wait cannot leave us. Without it we join when the container
 * runs: moving a process costs a grace period of RCU, which is longer than the whole start.
 *
 * The order in wait is the kernel's: a group that gives controllers to its children may hold no process, and
 * some controllers let themselves be enabled too early and spoil the children (cgroups(7), "no internal
 * processes"). */
#include "launcher/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope-private.h"

#define UNIT_NAME_MAX 255

static bool unit_name_is_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
    const char *suffix = endswith(name, ".scope");
    size_t n = strlen(name);
    return suffix && suffix > name && n <= UNIT_NAME_MAX && name[0] != '.' && strspn(name, allowed) == n;
}

char *user_runtime_path(const char *name)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    return runtime ? xasprintf("%s/%s", runtime, name)
                   : xasprintf("/run/user/%u/%s", (unsigned)geteuid(), name);
}

/* sd_booted(3) for the system; users have a manager when it listens. */
static bool systemd_is_there(bool user)
{
    _cleanup_free_ char *path = user ? user_runtime_path("systemd/private") : strdup("/run/systemd/system");
    return path && access(path, F_OK) >= 0;
}

static bool cgroupfs_is_there(const struct scope *scope)
{
    return scope->mount_fd >= 0 && faccessat(scope->mount_fd, ".", W_OK, AT_EACCESS) >= 0;
}

static enum cgroup_manager choose_manager(const struct scope *scope)
{
    if (systemd_is_there(scope->user))
        return CGROUP_MANAGER_SYSTEMD;
    return cgroupfs_is_there(scope) ? CGROUP_MANAGER_CGROUPFS : CGROUP_MANAGER_NONE;
}

/* Without any manager a limit would be a wish. */
static int check_no_limits(const struct scope *scope, enum cgroup_manager asked, struct failure *failure)
{
    if (scope->n_properties == 0)
        return 0;
    const char *name = scope->properties[0].type->name;
    if (asked == CGROUP_MANAGER_NONE)
        return fail(failure, -EINVAL, "limit %s needs a cgroup manager: drop --cgroup-manager=none", name);
    return fail(failure, -EOPNOTSUPP, "limit %s cannot be set: no systemd runs for %s, and cgroup v2 is %s",
                name, scope->user ? "this user" : "this host", scope->mount ? "not writable" : "not mounted");
}

static int check_manager(const struct scope *scope, enum cgroup_manager asked, struct failure *failure)
{
    if (scope->manager == CGROUP_MANAGER_NONE)
        return check_no_limits(scope, asked, failure);
    if (scope->mount_fd < 0)
        return fail(failure, -EOPNOTSUPP,
                    "cgroup v2 is not mounted on /sys/fs/cgroup: mount it, or use --cgroup-manager=none");
    if (scope->manager == CGROUP_MANAGER_SYSTEMD && !systemd_is_there(scope->user))
        return fail(failure, -EOPNOTSUPP, "--cgroup-manager=systemd: %s",
                    scope->user ? "no systemd runs for this user: log in, or loginctl enable-linger"
                                : "this host was not booted with systemd (no /run/systemd/system)");
    return 0;
}

static int scope_new(const struct scope_settings *settings, struct scope **ret, struct failure *failure)
{
    struct scope *scope = malloc(sizeof(*scope));
    if (!scope)
        return -ENOMEM;
    *scope = (struct scope){
        .owner = getpid(),
        .user = settings->user,
        .stop_timeout = settings->stop_timeout,
        .unit = strdup(settings->name),
        .slice = strdup(settings->slice
                            ?: settings->user ? "app.slice"
                                              : "machine.slice"),
        .description = strdup(settings->description ?: settings->name),
        .mount_fd = -EBADF,
        .origin_fd = -EBADF,
        .fd = -EBADF,
        .supervisor_fd = -EBADF,
        .payload_fd = -EBADF,
    };
    *ret = scope;
    if (!scope->unit || !scope->slice || !scope->description)
        return -ENOMEM;
    if (!unit_name_is_valid(scope->unit))
        return fail(failure, -EINVAL, "unit name \"%s\": write NAME.scope, of letters, digits and :-_.\\@",
                    scope->unit);
    int r = cgroup_open_root(&scope->mount_fd, &scope->mount);
    return r == -ENOENT ? 0 : r;
}

static void cleanup_scope(struct scope **scope)
{
    scope_free(*scope);
}

/* Where this process is now, to come back to when the start fails; systemd may move it as soon as it is
 * asked. */
static int remember_origin(struct scope *scope)
{
    _cleanup_free_ char *origin = NULL;
    int r = cgroup_of_pid(0, &origin);
    return r < 0 ? r : cgroup_make(scope->mount_fd, origin, &scope->origin_fd);
}

static int request(struct scope *scope, usec_t deadline, struct failure *failure)
{
    if (scope->manager == CGROUP_MANAGER_NONE)
        return 0;
    int r = remember_origin(scope);
    if (r < 0)
        return r;
    return scope->manager == CGROUP_MANAGER_SYSTEMD ? scope_systemd_request(scope, deadline, failure)
                                                    : scope_cgroupfs_request(scope, failure);
}

int scope_request(const struct scope_settings *settings, usec_t deadline, struct scope **ret,
                  struct failure *failure)
{
    _cleanup_(cleanup_scope) struct scope *scope = NULL;

    int r = scope_new(settings, &scope, failure);
    if (r >= 0)
        r = scope_properties_make(settings->limits, settings->properties, &scope->properties,
                                  &scope->n_properties, failure);
    if (r >= 0) {
        scope->manager = settings->manager == CGROUP_MANAGER_AUTO ? choose_manager(scope) : settings->manager;
        r = check_manager(scope, settings->manager, failure);
    }
    if (r >= 0)
        r = request(scope, deadline, failure);
    if (r < 0)
        return fail(failure, r, "scope %s: %s", settings->name, strerror(-r));
    *ret = TAKE_PTR(scope);
    return 0;
}

/* A user may be forbidden to go back into a login session's scope; the group then ends with this process. */
static void move_back(struct scope *scope)
{
    if (!scope->moved)
        return;
    if (scope->origin_fd < 0 || cgroup_attach(scope->origin_fd, 0) < 0)
        (void)cgroup_attach(scope->mount_fd, 0);
    scope->moved = false;
}

static int check_empty(const struct scope *scope, struct failure *failure)
{
    _cleanup_free_ char *processes = NULL;
    int r = cgroup_read(scope->fd, "cgroup.procs", &processes);
    if (r < 0)
        return r;
    return *processes
               ? fail(failure, -EBUSY, "%s%s: holds another process, %.*s: the scope is not ours alone",
                      scope->mount, scope->cgroup, (int)strcspn(processes, "\n"), processes)
               : 0;
}

static int enable_all(const struct scope *scope)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **controllers = NULL;

    int r = cgroup_read(scope->fd, "cgroup.controllers", &text);
    if (r >= 0)
        r = strv_split(text, " ", &controllers);
    if (r < 0)
        return r;
    for (char **controller = controllers; controller && *controller; controller++) {
        r = cgroup_enable(scope->fd, *controller);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

int scope_join(struct scope *scope, struct failure *failure)
{
    if (scope->supervisor_fd < 0)
        return 0;
    int r = cgroup_attach(scope->supervisor_fd, 0);
    if (r < 0)
        return fail(failure, r, "%s%s/supervisor: cannot be entered: %s", scope->mount, scope->cgroup,
                    strerror(-r));
    scope->moved = true;
    scope->supervisor_fd = close_fd(scope->supervisor_fd);
    return 0;
}

static int split(struct scope *scope, struct failure *failure)
{
    int r = cgroup_make(scope->fd, "supervisor", &scope->supervisor_fd);
    if (r >= 0)
        r = cgroup_make(scope->fd, "payload", &scope->payload_fd);
    /* Whom systemd put into the scope itself goes on at once; without it nobody was there. */
    if (r >= 0 && scope->manager == CGROUP_MANAGER_SYSTEMD)
        r = scope_join(scope, failure);
    if (r >= 0)
        r = check_empty(scope, failure);
    return r < 0 ? r : enable_all(scope);
}

static int enter(struct scope *scope, usec_t deadline, struct failure *failure)
{
    int r = scope->manager == CGROUP_MANAGER_SYSTEMD ? scope_systemd_enter(scope, deadline, failure)
                                                     : scope_cgroupfs_enter(scope, deadline, failure);
    if (r < 0)
        return r;
    r = split(scope, failure);
    return r < 0 ? r : scope_verify(scope, failure);
}

static void leave(struct scope *scope, usec_t deadline)
{
    if (scope->payload_fd >= 0) {
        (void)cgroup_kill(scope->payload_fd);
        (void)cgroup_wait_empty(scope->payload_fd, deadline);
        (void)cgroup_remove_tree(scope->fd, "payload");
    }
    if (scope->manager == CGROUP_MANAGER_CGROUPFS) {
        move_back(scope);
        scope_cgroupfs_remove(scope, deadline);
    }
}

int scope_wait(struct scope *scope, usec_t deadline, struct failure *failure)
{
    if (scope->manager == CGROUP_MANAGER_NONE)
        return 0;
    int r = enter(scope, deadline, failure);
    if (r >= 0)
        return 0;
    (void)fail(failure, r, "scope %s in %s: %s", scope->unit, scope->slice, strerror(-r));
    leave(scope, deadline);
    /* An emptied scope goes by itself; for cgroupfs we are back already. */
    move_back(scope);
    scope->payload_fd = close_fd(scope->payload_fd);
    scope->supervisor_fd = close_fd(scope->supervisor_fd);
    scope->fd = close_fd(scope->fd);
    return r;
}

int scope_payload_fd(const struct scope *scope)
{
    return scope->payload_fd;
}

int scope_fd(const struct scope *scope)
{
    return scope->fd;
}

const char *scope_unit(const struct scope *scope)
{
    return scope->manager == CGROUP_MANAGER_SYSTEMD ? scope->unit : NULL;
}

const char *scope_cgroup(const struct scope *scope)
{
    return scope->cgroup;
}

enum cgroup_manager scope_manager(const struct scope *scope)
{
    return scope->manager;
}

int scope_watch_fd(const struct scope *scope)
{
    return scope_systemd_watch_fd(scope);
}

int scope_process(struct scope *scope)
{
    return scope_systemd_process(scope);
}

struct scope *scope_destroy(struct scope *scope, usec_t deadline)
{
    if (scope)
        leave(scope, deadline);
    return scope_free(scope);
}

struct scope *scope_free(struct scope *scope)
{
    if (!scope)
        return NULL;
    scope_systemd_free(scope);
    scope_properties_free(scope->properties, scope->n_properties);
    close_fd(scope->payload_fd);
    close_fd(scope->supervisor_fd);
    close_fd(scope->fd);
    close_fd(scope->origin_fd);
    close_fd(scope->mount_fd);
    free(scope->unit);
    free(scope->slice);
    free(scope->description);
    free(scope->mount);
    free(scope->cgroup);
    free(scope);
    return NULL;
}

int scope_open_cgroup(const char *cgroup, int *ret_fd)
{
    _cleanup_close_ int root = -EBADF;

    cgroup += strspn(cgroup, "/");
    int r = cgroup_open_root(&root, NULL);
    if (r < 0)
        return r;
    int fd = openat(root, *cgroup ? cgroup : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}
