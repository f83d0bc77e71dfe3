/* Directories below /run that live as long as their unit. */
#include "init/platform/unit-directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

/* Only the last component is the service's; a symlink that it left there is not followed. */
static int make_one(int run, const char *name, const struct exec_context *context,
                    const struct credentials *credentials)
{
    int r = make_dirs_at(run, name, 0755);
    _cleanup_close_ int fd = openat(run, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return r < 0 ? r : -errno;
    if (credentials->set && fchown(fd, credentials->uid, credentials->gid) < 0)
        return -errno;
    return fchmod(fd, context->runtime_directory_mode) < 0 ? -errno : 0;
}

int runtime_directory_make(const struct exec_context *context, const struct credentials *credentials,
                           const char **ret_object)
{
    _cleanup_close_ int run = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

    *ret_object = "/run";
    if (run < 0)
        return -errno;
    for (char **name = context->runtime_directory; name && *name; name++) {
        *ret_object = *name;
        int r = make_one(run, *name, context, credentials);
        if (r < 0)
            return r;
    }
    return 0;
}

void runtime_directory_remove(const struct exec_context *context)
{
    _cleanup_close_ int run = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (char **name = context->runtime_directory; run >= 0 && name && *name; name++)
        (void)remove_tree_at(run, *name); /* what cannot go is taken over by the next start */
}
