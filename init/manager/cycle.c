/* Ordering cycles in a transaction: found by a walk along what waits for what, named, and broken. */
#include "init/manager/transaction.h"

#include <errno.h>
#include <stdio.h>

/* The job that a unit will have: its own of this transaction, else the installed one. */
static struct tentative *tentative_of(const struct transaction *t, const struct node *node)
{
    for (uint32_t i = node->tentative; i != 0; i = t->jobs[i - 1].sibling)
        if (!t->jobs[i - 1].deleted)
            return &t->jobs[i - 1];
    return NULL;
}

static bool future_job(const struct transaction *t, const struct node *node, enum job_type *ret)
{
    const struct tentative *job = tentative_of(t, node);

    if (job ? job->ignore_order : node->job.id == 0 || node->job.ignore_order)
        return false;
    int merged = job && node->job.id != 0 ? job_type_merge(node, job->type, node->job.type) : -EDEADLK;
    *ret = merged >= 0 ? (enum job_type)merged : job ? job->type : node->job.type;
    return true;
}

enum { MARK_NEW, MARK_ON_PATH, MARK_DONE };

static unsigned get_mark(const struct transaction *t, const struct node *node)
{
    return node->mark_generation == t->manager->generation ? node->mark : MARK_NEW;
}

static void set_mark(const struct transaction *t, struct node *node, unsigned mark)
{
    node->mark_generation = t->manager->generation;
    node->mark = mark;
}

static int push_step(struct transaction *t, struct node *node)
{
    int r = transaction_grow((void **)&t->path, t->n_path, &t->path_capacity, sizeof(*t->path));
    if (r < 0)
        return r;
    t->path[t->n_path++] = (struct step){.node = node};
    set_mark(t, node, MARK_ON_PATH);
    return 0;
}

/* The next node that the job at the end of the path waits for, NULL when there is none left. */
static struct node *next_on_path(const struct transaction *t, struct step *step)
{
    enum job_type type, other;

    if (!future_job(t, step->node, &type))
        return NULL;
    while (step->next_edge < step->node->n_edges) {
        const struct edge *edge = &step->node->edges[step->next_edge++];
        if ((edge->kinds & (KIND(UNIT_BEFORE) | KIND(UNIT_AFTER))) && future_job(t, edge->to, &other) &&
            job_waits_for(type, other, edge->kinds) && get_mark(t, edge->to) != MARK_DONE)
            return edge->to;
    }
    return NULL;
}

/* Looks for jobs that wait for each other: 1 when the end of t->path is a cycle, *ret where it begins. */
static int find_cycle_from(struct transaction *t, struct node *start, uint32_t *ret)
{
    t->n_path = 0;
    int r = push_step(t, start);
    while (r >= 0 && t->n_path > 0) {
        struct step *step = &t->path[t->n_path - 1];
        struct node *next = next_on_path(t, step);
        if (!next) {
            set_mark(t, step->node, MARK_DONE);
            t->n_path--;
        } else if (get_mark(t, next) == MARK_ON_PATH) {
            for (*ret = 0; t->path[*ret].node != next;)
                (*ret)++;
            return 1;
        } else {
            r = push_step(t, next);
        }
    }
    return r;
}

static int find_cycle(struct transaction *t, uint32_t *ret)
{
    t->manager->generation++;
    for (uint32_t i = 0; i < t->n_jobs; i++) {
        if (t->jobs[i].deleted || get_mark(t, t->jobs[i].node) == MARK_DONE)
            continue;
        int r = find_cycle_from(t, t->jobs[i].node, ret);
        if (r != 0)
            return r;
    }
    return 0;
}

/* "a.service -> b.service -> a.service" */
static void name_cycle(const struct transaction *t, uint32_t begin, char *text, size_t size)
{
    size_t used = 0;

    for (uint32_t i = begin; i <= t->n_path && used < size; i++) {
        const struct node *node = t->path[i == t->n_path ? begin : i].node;
        int n = snprintf(text + used, size - used, "%s%s", i == begin ? "" : " -> ", node->u.unit->name);
        used += n < 0 ? size : (size_t)n;
    }
}

/* Which job of the cycle can go: the last one on the path that the request can do without; else a stop whose
 * order is given up, for a unit must always be stoppable. */
static struct tentative *cycle_victim(const struct transaction *t, uint32_t begin)
{
    struct tentative *stop = NULL;

    for (uint32_t i = t->n_path; i-- > begin;) {
        struct tentative *job = tentative_of(t, t->path[i].node);
        if (job && !job->matters)
            return job;
        if (job && job->type == JOB_STOP)
            stop = job;
    }
    return stop;
}

static int break_cycle(struct transaction *t, uint32_t begin)
{
    char names[768] = "";
    struct tentative *job = cycle_victim(t, begin);
    struct node *node = job ? job->node : t->path[begin].node;

    name_cycle(t, begin, names, sizeof(names));
    if (!job) {
        manager_log(node, true, "ordering cycle %s: every unit of it is required, the request is refused",
                    names);
        return -ELOOP;
    }
    if (job->matters) {
        manager_log(node, true, "ordering cycle %s: broken, %s stops without waiting", names,
                    node->u.unit->name);
        job->ignore_order = true;
        return 0;
    }
    manager_log(node, true, "ordering cycle %s: broken, the %s job of %s is left out", names,
                job_type_to_string(job->type), node->u.unit->name);
    return transaction_delete_job(t, (uint32_t)(job - t->jobs));
}

int transaction_break_cycles(struct transaction *t)
{
    uint32_t begin = 0;
    int r;

    while ((r = find_cycle(t, &begin)) > 0) {
        r = break_cycle(t, begin);
        if (r < 0)
            return r;
        transaction_sweep(t);
    }
    return r;
}
