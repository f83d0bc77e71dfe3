/* Where PID 1 keeps its sockets. */
#include "init/platform/runtime-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "berth/environment.h"
#include "common/fd.h"

static int open_writable_dir(const char *path)
{
    /* Past errors of making it: it may be there already, made by the launcher. */
    int r = make_dirs_at(AT_FDCWD, path, 0755);
    _cleanup_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return r < 0 ? r : -errno;
    if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0)
        return -errno;
    return TAKE_FD(fd);
}

int runtime_dir_open(char **ret_path, int *ret_fd)
{
    const char *path = CONTAINER_RUNTIME_DIR, *other = getenv(ENV_RUNTIME_DIR);
    _cleanup_close_ int fd = open_writable_dir(path);

    if (fd < 0 && other && other[0] == '/') {
        path = other;
        fd = open_writable_dir(path);
    }
    if (fd < 0)
        return fd;
    *ret_path = strdup(path);
    if (!*ret_path)
        return -ENOMEM;
    *ret_fd = TAKE_FD(fd);
    return 0;
}
