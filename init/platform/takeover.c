/* daemon-reexec, the side that comes. */
#include "init/platform/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "berth/environment.h"
#include "common/fd.h"
#include "common/parse.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "init/job/job-descriptors.h"
#include "init/job/reap.h"
#include "init/platform/cgroup-name.h"
#include "init/platform/cgroup-tree.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int take_variable(void)
{
    const char *text = getenv(ENV_HANDOVER_FD);
    int fd = -EBADF;

    if (text && parse_int(text, &fd) < 0)
        fd = -EBADF;
    if (text)
        (void)unsetenv(ENV_HANDOVER_FD);
    return fd > STDERR_FILENO ? fd : -EBADF;
}

static bool is_sealed(int fd, size_t *ret_size)
{
    struct stat st;

    int seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
        st.st_size > HANDOVER_SIZE_MAX)
        return false;
    *ret_size = (size_t)st.st_size;
    return true;
}

void takeover_open(struct takeover *takeover)
{
    int fd = take_variable();

    *takeover = (struct takeover){0};
    if (!is_sealed(fd, &takeover->size))
        return;
    takeover->given = true;
    close_descriptors(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    /* Ours to write to, while the file stays what it is. */
    if (takeover->size > 0)
        takeover->text = mmap(NULL, takeover->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close_fd(fd);
    if (takeover->text == MAP_FAILED)
        takeover->text = NULL;
    if (!takeover->text)
        return;
    takeover->readable = handover_read(&takeover->reader, takeover->text, takeover->size) == 0;
    if (takeover->readable)
        descriptors_close_others(takeover->reader.fds, takeover->reader.n_fds);
    else
        handover_reader_done(&takeover->reader);
}

void takeover_close(struct takeover *takeover)
{
    for (size_t i = 0; i < takeover->reader.n_fds; i++)
        close_fd(takeover->reader.fds[i]);
    handover_reader_done(&takeover->reader);
    if (takeover->text)
        (void)munmap(takeover->text, takeover->size);
    takeover->text = NULL;
}

/* --- what runs, when nobody has said it --- */

/* The first of our children in the group; 0: there is none. */
static pid_t first_child(int group)
{
    _cleanup_free_ char *text = NULL;
    char *line;
    int pid;

    if (read_file_at(group, "cgroup.procs", CGROUP_PROCS_MAX, &text, NULL) < 0)
        return 0;
    for (char *cursor = text; (line = strsep(&cursor, "\n"));)
        if (parse_int(line, &pid) == 0 && reap_is_child(pid))
            return pid;
    return 0;
}

static bool guess_service(int group, const char *path, const char *component, struct handover *handover)
{
    const char *name = cgroup_unescape(component);

    if (!endswith(name, ".service") || cgroup_read_keyed(group, "cgroup.events", "populated") != 1)
        return false;
    handover_section(handover, "unit", name);
    handover_add(handover, "SubState", "running");
    handover_addf(handover, "MainPID", "%d", (int)first_child(group));
    handover_add(handover, "MainPIDKnown", "1");
    handover_section(handover, "runtime", name);
    handover_addf(handover, "Cgroup", "0 %s", path);
    return true;
}

/* Slices lie in slices, and services in them. */
static unsigned guess_below(int dirfd, const char *path, unsigned depth, struct handover *handover)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_closedir_ DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    unsigned n = 0;

    if (!directory) {
        close_fd(fd);
        return 0;
    }
    while ((entry = readdir(directory))) {
        _cleanup_close_ int group = -EBADF;
        _cleanup_free_ char *below = NULL;
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        group = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        below = xasprintf("%s/%s", path, entry->d_name);
        if (group < 0 || !below)
            continue;
        if (guess_service(group, below, entry->d_name, handover))
            n++;
        else if (endswith(entry->d_name, ".slice") && depth > 0)
            n += guess_below(group, below, depth - 1, handover);
    }
    return n;
}

unsigned takeover_guess(const struct cgroup_tree *tree, struct handover *handover)
{
    return guess_below(tree->root_fd, tree->path, CGROUP_DEPTH_MAX, handover);
}
