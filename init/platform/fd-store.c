/* The store of one service: a list, in the order in which its descriptors came. */
#include "init/platform/fd-store.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "init/manager/handover.h"

struct stored_fd {
    struct loop_source source;
    struct fd_store_watch watch;
    char *name;
    struct stored_fd *next, **link;
};

static void stored_free(struct stored_fd *stored)
{
    if (stored->watch.loop)
        loop_remove(stored->watch.loop, &stored->source);
    close_fd(stored->source.fd);
    *stored->link = stored->next;
    if (stored->next)
        stored->next->link = stored->link;
    free(stored->name);
    free(stored);
}

static void stored_ready(struct loop_source *source, uint32_t events)
{
    struct stored_fd *stored = CONTAINER_OF(source, struct stored_fd, source);
    struct fd_store_watch watch = stored->watch;

    stored_free(stored);
    watch.gone(watch.userdata, watch.owner);
}

/* The same open file, as kcmp(2) knows; without that call, the same number at least. */
static bool is_same(int a, int b)
{
    pid_t self = getpid();
    return a == b || syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

/* Only an error or a hang-up wakes PID 1; a regular file has neither, and epoll(7) refuses it. */
static void stored_watch(struct stored_fd *stored, const struct fd_store_watch *watch)
{
    stored->source.ready = stored_ready;
    if (watch->loop && loop_add(watch->loop, &stored->source, 0) == 0)
        stored->watch = *watch;
}

int fd_store_add(struct stored_fd **store, const char *name, int *fd, const struct fd_store_watch *watch)
{
    struct stored_fd **at = store;

    for (; *at; at = &(*at)->next)
        if (is_same((*at)->source.fd, *fd))
            return 0;
    struct stored_fd *stored = calloc(1, sizeof(*stored));
    if (!stored || !(stored->name = strdup(name))) {
        free(stored);
        return -ENOMEM;
    }
    stored->source.fd = TAKE_FD(*fd);
    stored->link = at;
    *at = stored;
    stored_watch(stored, watch);
    return 1;
}

unsigned fd_store_remove(struct stored_fd **store, const char *name)
{
    unsigned n = 0;

    for (struct stored_fd *stored = *store, *next; stored; stored = next) {
        next = stored->next;
        if (name && !streq(stored->name, name))
            continue;
        stored_free(stored);
        n++;
    }
    return n;
}

int fd_store_list(const struct stored_fd *store, int **ret_fds, size_t *ret_n, char **ret_names)
{
    _cleanup_free_ int *fds = NULL;
    _cleanup_free_ char *names = NULL;
    size_t n = 0, i = 0;

    for (const struct stored_fd *stored = store; stored; stored = stored->next)
        n++;
    fds = calloc(n + 1, sizeof(*fds));
    if (!fds)
        return -ENOMEM;
    for (const struct stored_fd *stored = store; stored; stored = stored->next) {
        char *longer = xasprintf("%s%s%s", names ? names : "", names ? ":" : "", stored->name);
        if (!longer)
            return -ENOMEM;
        free(names);
        names = longer;
        fds[i++] = stored->source.fd;
    }
    *ret_fds = TAKE_PTR(fds);
    *ret_names = TAKE_PTR(names);
    *ret_n = n;
    return 0;
}

unsigned fd_store_count(const struct stored_fd *store)
{
    unsigned n = 0;

    for (; store; store = store->next)
        n++;
    return n;
}

void fd_store_hand_over(const struct stored_fd *store, struct handover *handover)
{
    for (; store; store = store->next) {
        _cleanup_free_ char *rest = xasprintf("%d %s", store->watch.loop != NULL, store->name);
        if (!rest)
            handover->failed = true;
        handover_add_fd(handover, "StoredFD", store->source.fd, rest);
    }
}
