/* All links of the two configuration directories, read once and found by their names and by where they lead:
 * for a question about many units. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/install/install.h"

struct link {
    char *path, *folder, *target; /* folder: NULL for none */
    bool runtime;
};

struct install_links {
    struct link *all;
    const struct link **by_name, **by_target;
    size_t n, room;
    bool runtime; /* of those that are read now */
};

typedef const char *(*key_fn)(const struct link *link);

static const char *name_of(const struct link *link)
{
    return install_base_name(link->path);
}

static const char *end_of(const struct link *link)
{
    return install_base_name(link->target);
}

static int compare_by_name(const void *a, const void *b)
{
    return strcmp(name_of(*(const struct link *const *)a), name_of(*(const struct link *const *)b));
}

static int compare_by_target(const void *a, const void *b)
{
    return strcmp(end_of(*(const struct link *const *)a), end_of(*(const struct link *const *)b));
}

static int add(void *userdata, const char *path, const char *folder, const char *target)
{
    struct install_links *links = userdata;

    if (links->n == links->room) {
        size_t room = MAX(links->room * 2, (size_t)32);
        struct link *all = reallocarray(links->all, room, sizeof(*all));
        if (!all)
            return -ENOMEM;
        links->all = all;
        links->room = room;
    }
    struct link *link = links->all + links->n++;
    *link = (struct link){strdup(path), folder ? strdup(folder) : NULL, strdup(target), links->runtime};
    return link->path && link->target && (link->folder || !folder) ? 0 : -ENOMEM;
}

static const struct link **sorted(const struct install_links *links,
                                  int (*compare)(const void *, const void *))
{
    const struct link **order = calloc(MAX(links->n, (size_t)1), sizeof(*order));

    for (size_t i = 0; order && i < links->n; i++)
        order[i] = links->all + i;
    if (order && links->n > 0)
        qsort(order, links->n, sizeof(*order), compare);
    return order;
}

int install_links_read(const struct install *install, struct install_links **ret)
{
    struct install_links *links = calloc(1, sizeof(*links));
    int r = links ? install_each_link(install, INSTALL_CONFIG, add, links) : -ENOMEM;

    if (r >= 0) {
        links->runtime = true;
        r = install_each_link(install, INSTALL_RUNTIME, add, links);
    }
    if (r >= 0) {
        links->by_name = sorted(links, compare_by_name);
        links->by_target = sorted(links, compare_by_target);
        r = links->by_name && links->by_target ? 0 : -ENOMEM;
    }
    if (r < 0)
        links = install_links_free(links);
    *ret = links;
    return r;
}

struct install_links *install_links_free(struct install_links *links)
{
    for (size_t i = 0; links && i < links->n; i++) {
        free(links->all[i].path);
        free(links->all[i].folder);
        free(links->all[i].target);
    }
    if (links) {
        free(links->all);
        free(links->by_name);
        free(links->by_target);
    }
    free(links);
    return NULL;
}

/* Where the links with that key begin, or would have to. */
static size_t first(const struct link *const *order, size_t n, key_fn key, const char *word)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(key(order[middle]), word) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int each_with(const struct link *const *order, size_t n, key_fn key, const char *word, bool runtime,
                     install_link_fn fn, void *userdata)
{
    int r = 0;

    for (size_t i = first(order, n, key, word); r >= 0 && i < n && streq(key(order[i]), word); i++)
        if (order[i]->runtime == runtime)
            r = fn(userdata, order[i]->path, order[i]->folder, order[i]->target);
    return r;
}

int install_links_of(const struct install_links *links, bool runtime, const char *word, install_link_fn fn,
                     void *userdata)
{
    int r = each_with(links->by_name, links->n, name_of, word, runtime, fn, userdata);

    return r < 0 ? r : each_with(links->by_target, links->n, end_of, word, runtime, fn, userdata);
}
