/* A pidfd for each child, found by its pid. */
#include "init/platform/children.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "common/cleanup.h"
#include "common/macro.h"
#include "common/syscalls.h"

#define BUCKETS 256 /* a power of two */
/* SIGCHLD of a child of ours may hide that of an orphan. With few children a look at all costs less than the
 * thought; with many they are looked at together, soon. */
#define SWEEP_AT_ONCE_MAX 32
#define SWEEP_AFTER       (100 * USEC_PER_MSEC)

struct child {
    struct loop_source source; /* the pidfd, or no descriptor */
    struct children *children;
    struct child *next; /* in its bucket */
    pid_t pid;
};

struct children {
    struct children_config config;
    usec_t sweep;
    unsigned n, n_unwatched;
    bool blind; /* there was no memory for one of them */
    struct child *buckets[BUCKETS];
};

static struct child **find(struct children *children, pid_t pid)
{
    struct child **link = &children->buckets[(unsigned)pid % BUCKETS]; /* pids come in rows */

    while (*link && (*link)->pid != pid)
        link = &(*link)->next;
    return link;
}

static void forget(struct children *children, pid_t pid)
{
    struct child **link = find(children, pid), *child = *link;

    if (!child)
        return;
    *link = child->next;
    children->n--;
    if (child->source.fd >= 0)
        loop_remove(children->config.loop, &child->source);
    else
        children->n_unwatched--;
    close_fd(child->source.fd);
    free(child);
}

static void ended(struct children *children, pid_t pid, int status)
{
    forget(children, pid);
    children->config.ended(children->config.userdata, pid, status);
}

void children_settle(struct children *children, pid_t pid)
{
    int status;

    if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
        ended(children, pid, status);
}

static void child_ready(struct loop_source *source, uint32_t events)
{
    struct child *child = CONTAINER_OF(source, struct child, source);
    struct children *children = child->children;
    pid_t pid = child->pid;

    /* It may have told this very end. */
    children->config.before(children->config.userdata);
    if (*find(children, pid))
        children_settle(children, pid);
}

static int watch(struct child *child)
{
    child->source.fd = sys_pidfd_open(child->pid, 0);
    if (child->source.fd < 0)
        return -errno;
    int r = loop_add(child->children->config.loop, &child->source, EPOLLIN);
    if (r < 0)
        child->source.fd = close_fd(child->source.fd);
    return r;
}

void children_add(struct children *children, pid_t pid)
{
    struct child **link = find(children, pid), *child = malloc(sizeof(*child));

    if (!child) {
        children->blind = true;
        return;
    }
    *child = (struct child){
        .source = {.fd = -EBADF, .ready = child_ready},
        .children = children,
        .pid = pid,
    };
    *link = child;
    children->n++;
    if (watch(child) < 0)
        children->n_unwatched++;
}

void children_take(struct children *children, pid_t pid)
{
    siginfo_t info;

    if (pid > 0 && !*find(children, pid) && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        children_add(children, pid);
}

void children_sweep(struct children *children)
{
    int status;
    pid_t pid;

    children->sweep = USEC_INFINITY;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        ended(children, pid, status);
}

void children_signalled(struct children *children, pid_t pid)
{
    children_settle(children, pid);
    if (children->n <= SWEEP_AT_ONCE_MAX || children->n_unwatched > 0 || children->blind)
        children_sweep(children);
    else if (children->sweep == USEC_INFINITY)
        children->sweep = usec_add(now_monotonic(), SWEEP_AFTER);
}

usec_t children_next_sweep(const struct children *children)
{
    return children->sweep;
}

int children_new(const struct children_config *config, struct children **ret)
{
    struct children *children = calloc(1, sizeof(*children));

    if (!children)
        return -ENOMEM;
    children->config = *config;
    children->sweep = USEC_INFINITY;
    *ret = children;
    return 0;
}

struct children *children_free(struct children *children)
{
    if (!children)
        return NULL;
    FOREACH_ARRAY (bucket, children->buckets, BUCKETS)
        while (*bucket)
            forget(children, (*bucket)->pid);
    free(children);
    return NULL;
}
