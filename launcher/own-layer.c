/* /etc/hostname, hosts, resolv.conf and machine-id, on a tmpfs. */
#include "launcher/own-layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"

#define FILE_MAX       (64 * 1024) /* bytes of a file that is taken over */
#define MACHINE_ID_MAX 64

static const char localhost[] = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

struct image {
    const struct container *container;
    const int *layers;
    size_t n;
};

/* What the image has under a name at the top. 0: nothing. */
static mode_t find_top(const struct image *image, const char *name, struct stat *ret)
{
    for (size_t i = 0; i < image->n; i++)
        if (fstatat(image->layers[i], name, ret, AT_SYMLINK_NOFOLLOW) >= 0)
            return S_ISCHR(ret->st_mode) && ret->st_rdev == 0 ? 0 : ret->st_mode & S_IFMT; /* a whiteout */
    return 0;
}

/* A plain file of the image; NULL: it has none, or something else. Nothing is followed. */
static char *read_image(const struct image *image, const char *path)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    char *text = NULL;

    for (size_t i = 0; i < image->n; i++) {
        struct stat st;
        char fd_path[32];
        if (fstatat(image->layers[i], path, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        _cleanup_close_ int fd =
            S_ISREG(st.st_mode) ? sys_openat2(image->layers[i], path, &how, sizeof(how)) : -EBADF;
        snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", fd);
        return fd >= 0 && read_file_at(AT_FDCWD, fd_path, FILE_MAX, &text, NULL) >= 0 ? text : NULL;
    }
    return NULL;
}

static char *read_host(const char *path)
{
    char *text = NULL;
    return read_file_at(AT_FDCWD, path, FILE_MAX, &text, NULL) >= 0 ? text : NULL;
}

static char *make_hostname(const struct image *image)
{
    struct utsname host;
    bool shared = image->container->config->host_uts && uname(&host) >= 0;
    return xasprintf("%s\n", shared ? host.nodename : image->container->config->hostname);
}

/* Whether a name stands alone between blanks. */
static bool has_word(const char *text, const char *word)
{
    static const char blanks[] = " \t\n";
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)); at += n)
        if ((at == text || strchr(blanks, at[-1])) && strchr(blanks, at[n]))
            return true;
    return false;
}

/* The image's, or with its network the host's, and the container's own name. */
static char *make_hosts(const struct image *image)
{
    const struct container_config *config = image->container->config;
    _cleanup_free_ char *text = read_image(image, "etc/hosts");

    if ((!text || !*text) && config->network == NETWORK_HOST) {
        free(text);
        text = read_host("/etc/hosts");
    }
    const char *known = text && *text ? text : localhost;
    if (has_word(known, config->hostname))
        return strdup(known);
    return xasprintf("%s%s127.0.1.1\t%s\n", known, endswith(known, "\n") ? "" : "\n", config->hostname);
}

/* Without a network nobody is to be asked. */
static char *make_resolv_conf(const struct image *image)
{
    char *text = image->container->config->network == NETWORK_HOST ? read_host("/etc/resolv.conf") : NULL;
    return text ? text : strdup("");
}

/* An id that the image has is its own, but for a copy of the host: NULL. */
static char *make_machine_id(const struct image *image)
{
    const struct container *container = image->container;
    _cleanup_free_ char *text = read_image(image, "etc/machine-id");
    char id[MACHINE_ID_MAX];

    if (text && *text && !startswith(text, "uninitialized") && !strv_contains(container->config->lower, "/"))
        return NULL;
    for (size_t i = 0; i < sizeof(container->uuid); i++)
        snprintf(id + 2 * i, 3, "%02x", container->uuid[i]);
    return xasprintf("%s\n", id);
}

static const struct {
    const char *path;
    mode_t mode;
    char *(*make)(const struct image *image);
} files[] = {
    {"etc/hostname", 0644, make_hostname},
    {"etc/hosts", 0644, make_hosts},
    {"etc/resolv.conf", 0644, make_resolv_conf},
    {"etc/machine-id", 0444, make_machine_id},
};

static const struct {
    const char *name;
    mode_t mode;
} mount_points[] = {{"proc", 0555}, {"sys", 0555}, {"dev", 0755}, {"run", 0755}, {"tmp", 01777}};

static int put_file(int own_fd, const char *path, mode_t mode, const char *text, struct failure *failure)
{
    _cleanup_close_ int fd = openat(own_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int r = fd < 0 ? -errno : write_all(fd, text, strlen(text));
    return r < 0 ? fail(failure, r, "/%s of the container: %s", path, strerror(-r)) : 0;
}

/* A directory here stands for that of the image: it gets its mode, and its owner if that can be. Where the
 * image has a link to somewhere else, its files stay as they are. */
static int put_etc(const struct image *image, int own_fd, struct failure *failure)
{
    struct stat st = {.st_mode = 0755};
    mode_t type = find_top(image, "etc", &st);

    if (type != 0 && type != S_IFDIR)
        return 0;
    if (mkdirat(own_fd, "etc", st.st_mode & 07777) < 0)
        return fail(failure, -errno, "/etc of the container: %m");
    if (type == S_IFDIR)
        (void)fchownat(own_fd, "etc", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
    int r = 0;
    for (size_t i = 0; i < ELEMENTSOF(files) && r >= 0; i++) {
        _cleanup_free_ char *text = files[i].make(image);
        if (text)
            r = put_file(own_fd, files[i].path, files[i].mode, text, failure);
    }
    return r;
}

int own_layer_make(const struct container *container, int stage_fd, const int *lower_fds, size_t n_lower,
                   int *ret_fd, struct failure *failure)
{
    const struct image image = {.container = container, .layers = lower_fds, .n = n_lower};
    struct stat st;

    if (mkdirat(stage_fd, "own", 0755) < 0)
        return fail(failure, -errno, "own layer of the container: %m");
    *ret_fd = openat(stage_fd, "own", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd < 0)
        return fail(failure, -errno, "own layer of the container: %m");
    FOREACH_ARRAY (point, mount_points, ELEMENTSOF(mount_points))
        if (find_top(&image, point->name, &st) == 0 && mkdirat(*ret_fd, point->name, point->mode) < 0)
            return fail(failure, -errno, "/%s of the container: %m", point->name);
    return put_etc(&image, *ret_fd, failure);
}
