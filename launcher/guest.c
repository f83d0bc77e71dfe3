/* The init is copied, not bound: no file of the host is reachable through /proc/1/exe. */
#include "launcher/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "launcher/mount.h"

#define INIT_SIZE_MAX      (64 * 1024 * 1024) /* bytes; a build with sanitizers is large */
#define UNIT_FILE_SIZE_MAX (1024 * 1024)      /* bytes */
#define OS_RELEASE_MAX     (64 * 1024)        /* bytes */
#define UUID_TEXT_MAX      33

static char *uuid_to_text(char text[static UUID_TEXT_MAX], const uint8_t uuid[static 16])
{
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", uuid[i]);
    return text;
}

int guest_open_init(struct container *container, struct failure *failure)
{
    const char *path = getenv("BERTH_INIT");
    if (!path)
        path = BERTH_INIT_PATH;
    container->init_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (container->init_fd < 0)
        return fail(failure, -errno, "berth-init %s: %m: install berth, or set BERTH_INIT to its path", path);
    struct stat st;
    if (fstat(container->init_fd, &st) < 0 || !S_ISREG(st.st_mode))
        return fail(failure, -EINVAL, "berth-init %s: is no file", path);
    return 0;
}

/* A new file below dirfd, with this text. */
static int put_text(int dirfd, const char *path, const char *text, size_t size, struct failure *failure)
{
    _cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int r = fd < 0 ? -errno : write_all(fd, text, size);
    return r < 0 ? fail(failure, r, "/run/%s: %s", path, strerror(-r)) : 0;
}

static int copy_init(struct container *container, int run_fd, struct failure *failure)
{
    static const char path[] = "berth/berth-init";
    off_t offset = 0;

    _cleanup_close_ int fd = openat(run_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0555);
    if (fd < 0)
        return fail(failure, -errno, "/run/%s: %m", path);
    for (;;) {
        ssize_t n = sendfile(fd, container->init_fd, &offset, INIT_SIZE_MAX);
        if (n < 0)
            return fail(failure, -errno, "copy of berth-init: %m");
        if (n == 0)
            break;
    }
    container->init_copy_fd = openat(run_fd, path, O_PATH | O_CLOEXEC);
    return container->init_copy_fd < 0 ? fail(failure, -errno, "/run/%s: %m", path) : 0;
}

/* systemd's container interface: who made this container, and from what host. */
static int put_host_files(struct container *container, int run_fd, struct failure *failure)
{
    static const char manager[] = "berth\n";
    _cleanup_free_ char *release = NULL;
    char uuid[UUID_TEXT_MAX];
    size_t size;

    int r = put_text(run_fd, "host/container-manager", manager, sizeof(manager) - 1, failure);
    if (r >= 0)
        r = put_text(run_fd, "host/container-uuid", uuid_to_text(uuid, container->uuid), UUID_TEXT_MAX - 1,
                     failure);
    if (r >= 0 && read_file_at(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &release, &size) >= 0)
        r = put_text(run_fd, "host/os-release", release, size, failure);
    return r;
}

static int put_machine_id(const char *id, int run_fd, struct failure *failure)
{
    char line[UUID_TEXT_MAX + 1];

    snprintf(line, sizeof(line), "%s\n", id);
    return put_text(run_fd, "berth/machine-id", line, strlen(line), failure);
}

int guest_set_machine_id(struct container *container, struct failure *failure)
{
    if (!container->config->machine_id)
        return 0;
    _cleanup_close_ int source = root_open(container->root_fd, "/run/berth/machine-id", O_NOFOLLOW);
    if (source < 0)
        return fail(failure, source, "/run/berth/machine-id: %s", strerror(-source));
    _cleanup_close_ int target = root_open_or_make_file(container->root_fd, "/etc/machine-id");
    if (target < 0)
        return fail(failure, target, "--machine-id: /etc/machine-id of the root: %s", strerror(-target));
    _cleanup_close_ int copy = open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (copy < 0 || mount_setattr(copy, "", AT_EMPTY_PATH, &read_only, sizeof(read_only)) < 0)
        return fail(failure, -errno, "/etc/machine-id: %m");
    return mount_attach_at(copy, target, "/etc/machine-id", failure);
}

/* Added and started: the target wants it, as if it had been enabled. */
static int want_unit(struct container *container, int run_fd, const char *unit, struct failure *failure)
{
    const char *target = container->config->target ? container->config->target : "default.target";
    _cleanup_free_ char *wants = xasprintf("systemd/system/%s.wants", target),
                        *link = xasprintf("systemd/system/%s.wants/%s", target, unit),
                        *file = xasprintf("../%s", unit);

    if (!wants || !link || !file)
        return fail(failure, -ENOMEM, "out of memory");
    if ((mkdirat(run_fd, wants, 0755) < 0 && errno != EEXIST) || symlinkat(file, run_fd, link) < 0)
        return fail(failure, -errno, "/run/%s: %m", link);
    return 0;
}

static int put_unit_files(struct container *container, int run_fd, struct failure *failure)
{
    for (char **file = container->config->unit_files; file && *file; file++) {
        _cleanup_free_ char *text = NULL, *target = NULL;
        size_t size;
        const char *slash = strrchr(*file, '/'), *unit = slash ? slash + 1 : *file;

        int r = read_file_at(AT_FDCWD, *file, UNIT_FILE_SIZE_MAX, &text, &size);
        if (r < 0)
            return fail(failure, r, "--unit-file=%s: %s", *file, strerror(-r));
        target = xasprintf("systemd/system/%s", unit);
        if (!target)
            return fail(failure, -ENOMEM, "out of memory");
        r = put_text(run_fd, target, text, size, failure);
        if (r >= 0)
            r = want_unit(container, run_fd, unit, failure);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The names that PID 1's client has. */
static int put_tools(int run_fd, struct failure *failure)
{
    static const char *const links[] = {"berth/bin/berthctl", "berth/bin/systemctl"};

    FOREACH_ARRAY (link, links, ELEMENTSOF(links))
        if (symlinkat("../berth-init", run_fd, *link) < 0)
            return fail(failure, -errno, "/run/%s: %m", *link);
    return 0;
}

int guest_fill_run(struct container *container, int run_fd, struct failure *failure)
{
    static const struct {
        const char *path;
        mode_t mode;
        bool only_boot; /* programs take it for a sign that there is a manager of services: sd_booted(3) */
    } directories[] = {
        {"berth", 0755}, {"berth/bin", 0755}, {"host", 0755},
        {"lock", 01777}, {"systemd", 0755},   {"systemd/system", 0755, true},
    };
    bool boots = container->config->boot || container->config->unit_files;
    FOREACH_ARRAY (directory, directories, ELEMENTSOF(directories))
        if ((boots || !directory->only_boot) && mkdirat(run_fd, directory->path, directory->mode) < 0)
            return fail(failure, -errno, "/run/%s: %m", directory->path);
    int r = put_tools(run_fd, failure);
    if (r >= 0)
        r = copy_init(container, run_fd, failure);
    if (r >= 0)
        r = put_host_files(container, run_fd, failure);
    if (r >= 0 && container->config->machine_id)
        r = put_machine_id(container->config->machine_id, run_fd, failure);
    return r < 0 ? r : put_unit_files(container, run_fd, failure);
}

int guest_environment(const struct container *container, char ***ret, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_strv_ char **env = NULL;
    char uuid[UUID_TEXT_MAX];
    const char *term = getenv("TERM");
    _cleanup_free_ char *container_uuid =
                            xasprintf("%s=%s", ENV_CONTAINER_UUID, uuid_to_text(uuid, container->uuid)),
                        *control = xasprintf("%s=%d", ENV_CONTROL_FD, container->control_fd),
                        *notify = xasprintf("%s=%d", ENV_NOTIFY_FD, container->notify_child_fd),
                        *terminal = config->tty && term ? xasprintf("TERM=%s", term) : NULL;
    const char *const assignments[] = {
        ENV_CONTAINER "=berth",           "PATH=" CONTAINER_DEFAULT_PATH, container_uuid, control, notify,
        config->user ? "" : "HOME=/root", terminal ? terminal : "",
    };

    int r = 0;
    FOREACH_ARRAY (assignment, assignments, ELEMENTSOF(assignments))
        if (r >= 0 && (!*assignment || **assignment))
            r = *assignment ? strv_env_set(&env, *assignment) : -ENOMEM;
    for (char **own = config->environment; own && *own && r >= 0; own++)
        r = strv_env_set(&env, *own);
    if (r < 0)
        return fail(failure, r, "environment: %s", strerror(-r));
    *ret = TAKE_PTR(env);
    return 0;
}

/* "--option=value", unless there is no value. */
static int add_option(char ***argv, const char *option, const char *value)
{
    return value ? strv_consume(argv, xasprintf("--%s=%s", option, value)) : 0;
}

int guest_arguments(const struct container *container, char ***ret, struct failure *failure)
{
    const struct container_config *config = container->config;
    _cleanup_strv_ char **argv = NULL;
    char span[FORMAT_TIMESPAN_MAX];

    int r = strv_append(&argv, "berth-init");
    if (r >= 0)
        r = strv_append(&argv, "--clear-signals");
    if (r >= 0)
        r = add_option(&argv, "stop-timeout", format_timespan(span, config->stop_timeout));
    if (r >= 0 && config->boot) {
        r = strv_append(&argv, "--boot");
        if (r >= 0)
            r = add_option(&argv, "target", config->target);
        if (r >= 0)
            r = add_option(&argv, "main", config->main_unit);
    }
    if (r >= 0)
        r = add_option(&argv, "user", config->user);
    if (r >= 0)
        r = add_option(&argv, "workdir", config->workdir);
    if (r >= 0 && config->command)
        r = strv_append(&argv, "--");
    for (char **word = config->command; word && *word && r >= 0; word++)
        r = strv_append(&argv, *word);
    if (r < 0)
        return fail(failure, r, "arguments of berth-init: %s", strerror(-r));
    *ret = TAKE_PTR(argv);
    return 0;
}
