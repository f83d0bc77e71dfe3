/* Tables of what can be missing, and what goes without it. Which of the calls of a step is missing is found
 * by making each with arguments that no kernel takes: what is there answers something else. */
#include "launcher/hint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/capabilities.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/privileges.h"

/* Of mount_setattr(2), the youngest call that a start needs. README.md and berth(1) say it, too. */
#define OLDEST_KERNEL   "5.12"
#define STEPS_MAX       6
#define SYSCTL_MAX      64 /* bytes */
#define SYSCTL_PATH_MAX 96
#define SYSCTL_NAME_MAX (SYSCTL_PATH_MAX - sizeof("/proc/sys/")) /* below it */

struct call {
    const char *name;
    long number;
    const char *steps[STEPS_MAX]; /* that make it */
    const char *config;           /* that its step needs; NULL: a kernel that is not too old */
    const char *without;          /* NULL: no start without it */
};

static const struct call calls[] = {
    {"clone3", SYS_clone3, {"clone", HINT_EXEC_COMMAND}},
    {"openat2", SYS_openat2, {"filesystems", "terminal"}},
    {"fsopen", SYS_fsopen, {"root", "filesystems"}},
    {"fsconfig", SYS_fsconfig, {"root", "filesystems"}},
    {"fsmount", SYS_fsmount, {"root", "filesystems"}},
    {"move_mount", SYS_move_mount, {"root", "filesystems", "terminal"}},
    {"open_tree", SYS_open_tree, {"maps", "sources", "root", "filesystems", "terminal"}},
    {"mount_setattr", SYS_mount_setattr, {"maps", "enter", "sources", "root", "filesystems", "pivot"}},
    {"bpf",
     SYS_bpf,
     {"device-policy"},
     "CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF",
     "--cgroup-manager=none goes without, and without CAP_MKNOD"},
    {"unshare", SYS_unshare, {"enter"}},
    {"pivot_root", SYS_pivot_root, {"pivot"}},
    {"umount2", SYS_umount2, {"pivot"}},
    {"setns", SYS_setns, {HINT_EXEC_COMMAND}},
    {"pidfd_open", SYS_pidfd_open, {HINT_EXEC_COMMAND}},
};

/* Of namespaces. */
static const struct kind {
    uint64_t flag;
    const char *name;   /* in /proc/self/ns and in user.max_NAME_namespaces */
    const char *config; /* NULL: every kernel has it */
    const char *without;
} kinds[] = {
    {CLONE_NEWUSER, "user", "CONFIG_USER_NS", "as root --userns=host goes without"},
    {CLONE_NEWPID, "pid", "CONFIG_PID_NS", "--pid=host goes without"},
    {CLONE_NEWIPC, "ipc", "CONFIG_IPC_NS", "--ipc=host goes without"},
    {CLONE_NEWUTS, "uts", "CONFIG_UTS_NS", "--uts=host goes without"},
    {CLONE_NEWNET, "net", "CONFIG_NET_NS", "--network=host goes without"},
    {CLONE_NEWCGROUP, "cgroup", "CONFIG_CGROUPS", "--cgroupns=host goes without"},
    {CLONE_NEWTIME, "time", "CONFIG_TIME_NS", "--time=host goes without"},
    {CLONE_NEWNS, "mnt", NULL, "nothing goes without"},
};

/* What distributions added to keep ordinary users from user namespaces. */
static const struct {
    const char *name, *closed, *open;
    const char *steps[STEPS_MAX];
} locks[] = {
    {"kernel/unprivileged_userns_clone", "0", "1", {"clone"}},
    {"kernel/apparmor_restrict_unprivileged_userns", "1", "0", {"enter"}},
};

static const struct {
    const char *type, *hint;
} filesystems[] = {
    {"overlay", "modprobe overlay, or use --overlay=none"},
    {"cgroup2", "it needs CONFIG_CGROUPS: --cgroupns=host goes without"},
    {"mqueue", "it needs CONFIG_POSIX_MQUEUE"},
    {"devpts", "it needs CONFIG_UNIX98_PTYS"},
    {"tmpfs", "it needs CONFIG_TMPFS"},
};

const char *hint_for_filesystem(const char *type)
{
    FOREACH_ARRAY (filesystem, filesystems, ELEMENTSOF(filesystems))
        if (streq(filesystem->type, type))
            return filesystem->hint;
    return "it needs another configuration";
}

static _printf_(2, 3) void append(struct failure *failure, const char *format, ...)
{
    size_t used = strlen(failure->text);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(failure->text + used, sizeof(failure->text) - used, format, args);
    va_end(args);
}

static bool is_filtered(void)
{
    return prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER;
}

static bool contains(const char *const steps[static STEPS_MAX], const char *step)
{
    for (size_t i = 0; i < STEPS_MAX && steps[i]; i++)
        if (streq(steps[i], step))
            return true;
    return false;
}

/* No descriptor, address, size or set of flags is valid: nothing can happen. EINVAL is an answer to that. */
static bool answers(const struct call *call, int error)
{
    return syscall(call->number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 && errno == error;
}

/* A kernel that is configured without the purpose of a call may have the call, and says EINVAL. */
static const struct call *find_call(const char *step, int error)
{
    FOREACH_ARRAY (call, calls, ELEMENTSOF(calls))
        if (contains(call->steps, step) && (call->config || (error != EINVAL && answers(call, error))))
            return call;
    return NULL;
}

static void add_missing_call(struct failure *failure, const struct call *call)
{
    struct utsname kernel = {};

    (void)uname(&kernel);
    append(failure, ": berth needs %s (%s), this is Linux %s",
           call->config ? call->config : "Linux " OLDEST_KERNEL " or newer", call->name, kernel.release);
    if (is_filtered())
        append(failure,
               " under a system call filter: if that refuses it, start the container around berth with "
               "--privileged");
}

/* EPERM of the kernel itself is told by what was tried; a filter's is told by its being there. */
static void add_refused_call(struct failure *failure, const struct call *call)
{
    if (is_filtered())
        append(failure,
               ": the system call filter around berth refuses %s: run berth outside of that container, or "
               "start that with --privileged",
               call->name);
}

static bool add_for_call(struct failure *failure, int error, const char *step)
{
    const struct call *call = find_call(step, error);
    if (!call || (error == EPERM && !is_filtered() && !call->without))
        return false;
    if (error == EPERM)
        add_refused_call(failure, call);
    else
        add_missing_call(failure, call);
    if (call->without)
        append(failure, ": %s", call->without);
    return true;
}

static bool sysctl_is(const char *name, const char *value)
{
    _cleanup_free_ char *text = NULL;
    char path[SYSCTL_PATH_MAX];

    snprintf(path, sizeof(path), "/proc/sys/%s", name);
    if (read_file_at(AT_FDCWD, path, SYSCTL_MAX, &text, NULL) < 0)
        return false;
    text[strcspn(text, "\n")] = 0;
    return streq(text, value);
}

/* An ordinary user whose host keeps user namespaces, or what one may do in them, for root. Behind the clone
 * everybody is called root. */
static bool add_lock(struct failure *failure, const char *step)
{
    if (streq(step, "clone") && geteuid() == 0)
        return false;
    FOREACH_ARRAY (lock, locks, ELEMENTSOF(locks)) {
        if (!contains(lock->steps, step) || !sysctl_is(lock->name, lock->closed))
            continue;
        append(failure,
               ": this host keeps the user namespace for root: let root write %s to /proc/sys/%s, or run "
               "berth as root",
               lock->open, lock->name);
        return true;
    }
    return false;
}

/* The namespaces that a step makes: the cgroup namespace comes after the clone. */
static uint64_t namespaces_of(const char *step, const struct container_config *config)
{
    uint64_t all = config_namespaces(config);
    return streq(step, "clone")   ? all & ~(uint64_t)CLONE_NEWCGROUP
           : streq(step, "enter") ? all & CLONE_NEWCGROUP
                                  : 0;
}

static bool add_unknown_namespace(struct failure *failure, uint64_t wanted)
{
    char path[SYSCTL_PATH_MAX];

    FOREACH_ARRAY (kind, kinds, ELEMENTSOF(kinds)) {
        snprintf(path, sizeof(path), "/proc/self/ns/%s", kind->name);
        if (!(wanted & kind->flag) || !kind->config || access(path, F_OK) >= 0)
            continue;
        append(failure, ": this kernel has no %s namespaces (%s): %s", kind->name, kind->config,
               kind->without);
        return true;
    }
    return false;
}

static bool add_exhausted_namespace(struct failure *failure, uint64_t wanted)
{
    char name[SYSCTL_NAME_MAX];

    FOREACH_ARRAY (kind, kinds, ELEMENTSOF(kinds)) {
        snprintf(name, sizeof(name), "user/max_%s_namespaces", kind->name);
        if (!(wanted & kind->flag) || !sysctl_is(name, "0"))
            continue;
        append(failure, ": no %s namespace to be had: /proc/sys/%s is 0: raise it; %s", kind->name, name,
               kind->without);
        return true;
    }
    append(failure, ": too many namespaces: see /proc/sys/user/max_*_namespaces, and how deep they lie");
    return true;
}

static bool add_for_namespaces(struct failure *failure, int error, uint64_t wanted)
{
    if (!wanted)
        return false;
    if (error == ENOSPC || error == EUSERS)
        return add_exhausted_namespace(failure, wanted);
    if (error != EINVAL)
        return false;
    if (add_unknown_namespace(failure, wanted))
        return true;
    if (!(wanted & CLONE_NEWNS)) /* which the clone always makes */
        return false;
    append(failure, ": berth needs Linux " OLDEST_KERNEL " or newer (CLONE_INTO_CGROUP)");
    return true;
}

static void add_for_permission(struct failure *failure, const char *step, bool userns)
{
    if (!streq(step, "clone"))
        return;
    if (userns)
        append(failure, ": no user namespace is given here (to a process in a chroot none is): %s",
               kinds[0].without);
    else if (!privileges_has(CAP_SYS_ADMIN))
        append(failure, ": CAP_SYS_ADMIN is missing: run it as root with all capabilities");
}

void hint_add(struct failure *failure, const char *step, const struct container_config *config)
{
    bool userns = config->userns != USERNS_HOST;
    int error = abs(failure->error);

    if (add_for_namespaces(failure, error, namespaces_of(step, config)))
        return;
    if (userns && (error == EPERM || error == EACCES) && add_lock(failure, step))
        return;
    if ((error == ENOSYS || error == EPERM || error == EINVAL) && add_for_call(failure, error, step))
        return;
    if (error == EPERM)
        add_for_permission(failure, step, userns);
}
