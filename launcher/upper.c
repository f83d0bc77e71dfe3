/* An upper that cannot be one is told here, in words; what is left to the kernel is told by root.c. */
#include "launcher/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/fd.h"
#include "common/text.h"
#include "launcher/layers.h"

/* Overlayfs refuses as upper what revalidates or compares names by its own rules, and what is an overlay. */
static const struct {
    long magic;
    const char *name;
} unfit[] = {
    {OVERLAYFS_SUPER_MAGIC, "an overlay"},
    {NFS_SUPER_MAGIC, "NFS"},
    {MSDOS_SUPER_MAGIC, "vfat"},
    {EXFAT_SUPER_MAGIC, "exfat"},
    {CIFS_SUPER_MAGIC, "CIFS"},
    {SMB2_SUPER_MAGIC, "SMB"},
    {V9FS_MAGIC, "9p"},
    {FUSE_SUPER_MAGIC, "FUSE"},
    {CEPH_SUPER_MAGIC, "Ceph"},
    {AFS_SUPER_MAGIC, "AFS"},
    {SQUASHFS_MAGIC, "squashfs"},
    {ISOFS_SUPER_MAGIC, "ISO 9660"},
};

/* One directory, made when it is missing; readable, as only such can be locked. */
static int open_dir(const char *path, bool *ret_made, int *ret_fd, struct failure *failure)
{
    *ret_made = mkdir(path, 0755) >= 0;
    if (!*ret_made && errno != EEXIST)
        return fail(failure, -errno, "directory %s: %m", path);
    /* The kernel's own word for a read-only layer would be "invalid". */
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
        return fail(failure, -errno, "directory %s: %m", path);
    *ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *ret_fd < 0 ? fail(failure, -errno, "directory %s: %m", path) : 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether a directory is another one or lies in it. The way up ends where ".." leads nowhere. */
static bool lies_in(int fd, const struct stat *ancestor)
{
    struct stat here, last = {};
    _cleanup_close_ int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (at >= 0 && fstat(at, &here) >= 0) {
        if (same_file(&here, ancestor))
            return true;
        if (same_file(&here, &last))
            return false;
        last = here;
        int parent = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close_fd(at);
        at = parent;
    }
    return false;
}

static int check_file_system(const struct upper *upper, struct failure *failure)
{
    struct statfs fs;

    if (fstatfs(upper->upper_fd, &fs) < 0)
        return fail(failure, -errno, "directory %s: %m", upper->path);
    FOREACH_ARRAY (one, unfit, ELEMENTSOF(unfit))
        if (one->magic == (long)fs.f_type)
            return fail(failure, -EOPNOTSUPP,
                        "upper %s: lies on %s, which keeps no changes of an overlay: choose a directory on "
                        "ext4, XFS, Btrfs or a tmpfs",
                        upper->path, one->name);
    return 0;
}

/* Both have to lie under one mount, too: a bind mount in between is what overlayfs calls another. */
static bool is_one_mount(int a, int b)
{
    struct statx first, second;

    return statx(a, "", AT_EMPTY_PATH, STATX_MNT_ID, &first) >= 0 &&
           statx(b, "", AT_EMPTY_PATH, STATX_MNT_ID, &second) >= 0 &&
           first.stx_dev_major == second.stx_dev_major && first.stx_dev_minor == second.stx_dev_minor &&
           (!(first.stx_mask & STATX_MNT_ID) || first.stx_mnt_id == second.stx_mnt_id);
}

static int check_pair(const struct upper *upper, struct failure *failure)
{
    struct stat up, work;

    if (fstat(upper->upper_fd, &up) < 0 || fstat(upper->work_fd, &work) < 0)
        return fail(failure, -errno, "directory %s: %m", upper->path);
    if (!is_one_mount(upper->upper_fd, upper->work_fd))
        return fail(failure, -EXDEV,
                    "upper %s and work %s lie on different file systems: give two directories of one mount",
                    upper->path, upper->work_path);
    if (lies_in(upper->upper_fd, &work) || lies_in(upper->work_fd, &up))
        return fail(failure, -EINVAL,
                    "upper %s and work %s lie in one another: give two directories side by side", upper->path,
                    upper->work_path);
    return 0;
}

/* The whole host as a layer has everything in it: what is inside does not see it there (filesystems.c). */
static int check_layer(const struct upper *upper, const char *lower, struct failure *failure)
{
    const struct {
        const char *path;
        int fd;
    } places[] = {{upper->path, upper->upper_fd}, {upper->work_path, upper->work_fd}};
    struct stat layer, place;

    _cleanup_close_ int fd = open(lower, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &layer) < 0)
        return fail(failure, -errno, "root %s: %m", lower);
    FOREACH_ARRAY (one, places, ELEMENTSOF(places)) {
        if (!streq(lower, "/") && lies_in(one->fd, &layer))
            return fail(failure, -ELOOP, "%s lies in the root %s: choose a directory outside of it",
                        one->path, lower);
        if (fstat(one->fd, &place) >= 0 && lies_in(fd, &place))
            return fail(failure, -ELOOP, "the root %s lies in %s: changes need a directory of their own",
                        lower, one->path);
    }
    return 0;
}

/* The container, running or dead, that has this directory as its upper or work; NULL: none that we know. */
static char *find_user(int fd, const char *but, struct state_record *ret)
{
    _cleanup_strv_ char **names = NULL;
    struct stat wanted, found;

    if (fstat(fd, &wanted) < 0 || state_list(&names) < 0)
        return NULL;
    for (char **name = names; name && *name; name++) {
        _cleanup_state_ struct state state = STATE_INIT;
        _cleanup_state_record_ struct state_record record = {};
        if (streq(*name, but) || state_open(*name, &state) < 0 || state_read(&state, &record) < 0)
            continue;
        const char *const paths[] = {record.upper, record.work};
        FOREACH_ARRAY (path, paths, ELEMENTSOF(paths)) {
            if (!*path || stat(*path, &found) < 0 || !same_file(&wanted, &found))
                continue;
            *ret = record;
            record = (struct state_record){};
            return strdup(*name);
        }
    }
    return NULL;
}

/* A monitor that was killed let go of the lock, but its PID 1 may need another moment to be gone. */
static int lock_one(const struct container *container, int fd, const char *path, struct failure *failure)
{
    _cleanup_state_record_ struct state_record record = {};
    int taken = flock(fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
    _cleanup_free_ char *user = find_user(fd, container->config->name, &record);

    if (taken == EWOULDBLOCK && user)
        return fail(failure, -EBUSY,
                    "%s is in use by container %s: stop it with `berth stop %s`, or choose another directory",
                    path, user, user);
    if (taken == EWOULDBLOCK)
        return fail(failure, -EBUSY, "%s is in use by another container: choose another directory", path);
    if (taken)
        return fail(failure, -taken, "lock on %s: %s", path, strerror(taken));
    return user ? state_wait_for_leader(user, &record, container->deadline, failure) : 0;
}

static int make_kept(struct container *container, struct failure *failure)
{
    struct upper *upper = &container->upper;

    upper->base = strdup(container->persistent_path);
    if (!upper->base)
        return fail(failure, -ENOMEM, "out of memory");
    upper->made_parent = access(upper->base, F_OK) < 0;
    int r = make_dirs_at(AT_FDCWD, upper->base, 0700);
    return r < 0 ? fail(failure, r, "persistent upper %s: %s", upper->base, strerror(-r)) : 0;
}

/* A name that nobody can have made before: DIR may be everybody's. */
static int make_scratch(struct container *container, struct failure *failure)
{
    const char *scratch = container->config->scratch;
    _cleanup_free_ char *real = realpath(scratch, NULL);
    char *base = real ? xasprintf("%s/berth-%s-XXXXXX", real, container->config->name) : NULL;

    if (!base || !mkdtemp(base)) {
        free(base);
        return fail(failure, -errno, "--scratch=%s: %m", scratch);
    }
    container->upper.base = base;
    return 0;
}

static int find_places(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    struct upper *upper = &container->upper;

    if (config->upper) {
        upper->path = strdup(config->upper);
        upper->work_path = strdup(config->work);
    } else {
        int r = config->scratch ? make_scratch(container, failure) : make_kept(container, failure);
        if (r < 0)
            return r;
        upper->path = xasprintf("%s/upper", upper->base);
        upper->work_path = xasprintf("%s/work", upper->base);
    }
    return upper->path && upper->work_path ? 0 : fail(failure, -ENOMEM, "out of memory");
}

/* From here on by the names that others find them by, too. */
static int make_absolute(char **path, struct failure *failure)
{
    char *absolute = realpath(*path, NULL);
    if (!absolute)
        return fail(failure, -errno, "directory %s: %m", *path);
    free(*path);
    *path = absolute;
    return 0;
}

static int check(const struct container *container, struct failure *failure)
{
    int r = check_file_system(&container->upper, failure);
    if (r >= 0)
        r = check_pair(&container->upper, failure);
    for (char **lower = container->config->lower; *lower && r >= 0; lower++)
        r = check_layer(&container->upper, *lower, failure);
    return r;
}

/* The container's side makes an ephemeral one, and hands it to us when the state file is written. */
static int reserve_number(struct container *container, struct failure *failure)
{
    container->upper.upper_fd = fcntl(container->state.dir_fd, F_DUPFD_CLOEXEC, 3);
    return container->upper.upper_fd < 0 ? fail(failure, -errno, "upper: %m") : 0;
}

char *upper_name(const struct upper *upper)
{
    if (upper->path)
        return strdup(upper->path);
    return upper->upper_fd < 0 ? NULL : xasprintf("/proc/%d/fd/%d", (int)getpid(), upper->upper_fd);
}

/* The same machine at each start: a persistent container keeps its id. */
static int keep_uuid(struct container *container, int dirfd)
{
    char text[2 * sizeof(container->uuid) + 1];
    _cleanup_free_ char *kept = NULL;
    uint8_t uuid[sizeof(container->uuid)];
    size_t n = 0;

    if (!container->config->machine_id && read_file_at(dirfd, "uuid", sizeof(text), &kept, NULL) >= 0)
        while (n < sizeof(uuid) && sscanf(kept + 2 * n, "%2hhx", &uuid[n]) == 1)
            n++;
    if (n == sizeof(uuid)) {
        memcpy(container->uuid, uuid, sizeof(uuid));
        return 0;
    }
    for (n = 0; n < sizeof(uuid); n++)
        snprintf(text + 2 * n, 3, "%02x", container->uuid[n]);
    return replace_file_at(dirfd, "uuid", text, 0600);
}

/* Kept beside it, as the state file goes with the container. */
static int keep_layers(struct container *container, struct failure *failure)
{
    const struct container_config *config = container->config;
    if (config->overlay != OVERLAY_PERSISTENT || config->upper)
        return 0;
    _cleanup_close_ int fd = open(container->persistent_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : layers_write(fd, config->lower, config->userns != USERNS_HOST);
    if (r >= 0)
        r = keep_uuid(container, fd);
    return r < 0 ? fail(failure, r, "%s: %s", container->persistent_path, strerror(-r)) : 0;
}

int upper_prepare(struct container *container, struct failure *failure)
{
    struct upper *upper = &container->upper;

    if (container->config->overlay == OVERLAY_NONE)
        return 0;
    if (!container->config->upper && !container->config->scratch &&
        container->config->overlay != OVERLAY_PERSISTENT)
        return reserve_number(container, failure);
    int r = find_places(container, failure);
    if (r >= 0)
        r = open_dir(upper->path, &upper->made, &upper->upper_fd, failure);
    if (r >= 0)
        r = make_absolute(&upper->path, failure);
    if (r >= 0)
        r = open_dir(upper->work_path, &upper->made_work, &upper->work_fd, failure);
    if (r >= 0)
        r = make_absolute(&upper->work_path, failure);
    if (r >= 0)
        r = check(container, failure);
    if (r >= 0)
        r = lock_one(container, upper->upper_fd, upper->path, failure);
    if (r >= 0)
        r = lock_one(container, upper->work_fd, upper->work_path, failure);
    return r < 0 ? r : keep_layers(container, failure);
}

void upper_release(struct container *container)
{
    struct upper *upper = &container->upper;

    if (!container->ran && upper->made)
        (void)remove_tree_at(AT_FDCWD, upper->path); /* mount points that were made in it */
    if (!container->ran && upper->made_work)
        (void)remove_tree_at(AT_FDCWD, upper->work_path);
    if (upper->base && (container->config->scratch || (!container->ran && upper->made_parent)))
        (void)remove_tree_at(AT_FDCWD, upper->base);
    upper->upper_fd = close_fd(upper->upper_fd);
    upper->work_fd = close_fd(upper->work_fd);
    free(upper->path);
    free(upper->work_path);
    free(upper->base);
    upper->path = upper->work_path = upper->base = NULL;
}
