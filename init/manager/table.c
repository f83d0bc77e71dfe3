/* Units by name and processes by pid. */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdlib.h>

#include "common/text.h"

/* Where name is, or where it would have to be. */
static size_t name_position(const struct name_table *table, const char *name, bool *ret_found)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(table->entries[middle].name, name);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

struct node *name_table_find(const struct name_table *table, const char *name)
{
    bool found;
    size_t i = name_position(table, name, &found);
    return found ? table->entries[i].node : NULL;
}

int name_table_add(struct name_table *table, const char *name, struct node *node)
{
    bool found;
    size_t i = name_position(table, name, &found);
    if (found)
        return table->entries[i].node == node ? 0 : -EEXIST;

    if (table->n == table->capacity) {
        size_t capacity = MAX(table->capacity * 2, (size_t)32);
        struct name_entry *entries = realloc(table->entries, capacity * sizeof(*entries));
        if (!entries)
            return -ENOMEM;
        table->entries = entries;
        table->capacity = capacity;
    }
    char *kept = name == node->u.unit->name ? node->u.unit->name : strdup(name);
    if (!kept)
        return -ENOMEM;
    memmove(table->entries + i + 1, table->entries + i, (table->n - i) * sizeof(*table->entries));
    table->entries[i] = (struct name_entry){.name = kept, .node = node};
    table->n++;
    return 0;
}

static struct pid_link **pid_bucket(const struct pid_table *table, pid_t pid)
{
    /* Fibonacci hashing: pids come in rows. */
    return &table->buckets[((uint32_t)pid * UINT32_C(2654435769) >> 7) & (table->n_buckets - 1)];
}

int pid_table_reserve(struct pid_table *table, size_t n_links)
{
    if (n_links <= table->n_buckets)
        return 0;
    struct pid_table bigger = {.n_buckets = MAX(table->n_buckets * 2, (size_t)64)};
    bigger.buckets = calloc(bigger.n_buckets, sizeof(struct pid_link *));
    if (!bigger.buckets)
        return -ENOMEM;
    for (size_t i = 0; i < table->n_buckets; i++)
        for (struct pid_link *link = table->buckets[i], *next; link; link = next) {
            next = link->next;
            pid_table_add(&bigger, link, link->pid);
        }
    free(table->buckets);
    *table = bigger;
    return 0;
}

void pid_table_add(struct pid_table *table, struct pid_link *link, pid_t pid)
{
    struct pid_link **bucket = pid_bucket(table, pid);

    link->pid = pid;
    link->next = *bucket;
    *bucket = link;
}

void pid_table_remove(struct pid_table *table, struct pid_link *link)
{
    if (link->pid == 0)
        return;
    struct pid_link **at = pid_bucket(table, link->pid);
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    link->pid = 0;
}

struct pid_link *pid_table_find(const struct pid_table *table, pid_t pid)
{
    if (table->n_buckets == 0)
        return NULL;
    struct pid_link *link = *pid_bucket(table, pid);
    while (link && link->pid != pid)
        link = link->next;
    return link;
}
