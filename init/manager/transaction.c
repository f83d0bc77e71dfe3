/* A transaction: the jobs that one request pulls in, made consistent before any of them is installed.
 *
 * Jobs are tentative here and live in an array that is worked off from front to back, so that a deep graph
 * costs no stack. The order of steps: expand, drop what is done already, drop what nobody wants any more,
 * merge the jobs of each unit, break ordering cycles, look at the jobs that are installed, install. */
#include "init/manager/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void transaction_done(struct transaction *t)
{
    FOREACH_ARRAY (job, t->jobs, t->n_jobs)
        job->node->tentative = 0;
    free(t->jobs);
    free(t->pulls);
    free(t->list);
    free(t->path);
}

int transaction_grow(void **items, uint32_t n, uint32_t *capacity, size_t size)
{
    if (n < *capacity)
        return 0;
    uint32_t bigger = MAX(*capacity * 2, UINT32_C(16));
    void *memory = realloc(*items, bigger * size);
    if (!memory)
        return -ENOMEM;
    *items = memory;
    *capacity = bigger;
    return 0;
}

static struct tentative *find_job(const struct transaction *t, const struct node *node, enum job_type type)
{
    for (uint32_t i = node->tentative; i != 0; i = t->jobs[i - 1].sibling)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an index is of a job that is there */
        if (t->jobs[i - 1].type == type)
            return &t->jobs[i - 1];
    return NULL;
}

static int add_job(struct transaction *t, struct node *node, enum job_type type, uint32_t *ret)
{
    struct tentative *known = find_job(t, node, type);
    if (known) {
        *ret = (uint32_t)(known - t->jobs);
        return 0;
    }
    int r = transaction_grow((void **)&t->jobs, t->n_jobs, &t->jobs_capacity, sizeof(*t->jobs));
    if (r >= 0)
        r = transaction_grow((void **)&t->list, t->n_jobs, &t->list_capacity, sizeof(*t->list));
    if (r < 0)
        return r;
    t->jobs[t->n_jobs] = (struct tentative){
        .node = node,
        .type = type,
        .sibling = node->tentative,
        .first_need = NONE,
        .first_taker = NONE,
    };
    *ret = t->n_jobs;
    node->tentative = ++t->n_jobs;
    return 0;
}

static int add_pull(struct transaction *t, uint32_t subject, uint32_t object, bool matters)
{
    int r = transaction_grow((void **)&t->pulls, t->n_pulls, &t->pulls_capacity, sizeof(*t->pulls));
    if (r < 0)
        return r;
    t->pulls[t->n_pulls] = (struct pull){
        .subject = subject,
        .object = object,
        .next_need = t->jobs[subject].first_need,
        .next_taker = t->jobs[object].first_taker,
        .matters = matters,
    };
    t->jobs[subject].first_need = t->jobs[object].first_taker = t->n_pulls++;
    return 0;
}

/* Deletes a job and all that are nothing without it. -ELOOP when the request itself went with it. */
int transaction_delete_job(struct transaction *t, uint32_t index)
{
    uint32_t n = 0;

    if (!t->jobs[index].deleted)
        t->list[n++] = index;
    t->jobs[index].deleted = true;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t p = t->jobs[t->list[i]].first_taker; p != NONE; p = t->pulls[p].next_taker) {
            uint32_t subject = t->pulls[p].subject;
            if (!t->pulls[p].matters || t->jobs[subject].deleted)
                continue;
            t->jobs[subject].deleted = true;
            t->list[n++] = subject;
        }
    return t->jobs[0].deleted ? -ELOOP : 0;
}

#define JOB(type) (1U << (type))

static const struct pull_rule {
    unsigned types; /* of the job that pulls */
    uint32_t kinds;
    enum job_type pulled;
    bool matters;
    bool conflicts;
} pull_rules[] = {
    {JOB(JOB_START) | JOB(JOB_RESTART), KIND(UNIT_REQUIRES) | KIND(UNIT_BINDS_TO), JOB_START,
     .matters = true},
    {JOB(JOB_START) | JOB(JOB_RESTART), KIND(UNIT_WANTS) | KIND(UNIT_UPHOLDS), JOB_START},
    {JOB(JOB_START) | JOB(JOB_RESTART), KIND(UNIT_REQUISITE), JOB_VERIFY_ACTIVE, .matters = true},
    {JOB(JOB_START) | JOB(JOB_RESTART), KIND(UNIT_CONFLICTS), JOB_STOP, .matters = true, .conflicts = true},
    {JOB(JOB_START) | JOB(JOB_RESTART), KIND(UNIT_CONFLICTED_BY), JOB_STOP},
    {JOB(JOB_STOP),
     KIND(UNIT_REQUIRED_BY) | KIND(UNIT_REQUISITE_OF) | KIND(UNIT_BOUND_BY) | KIND(UNIT_CONSISTS_OF) |
         KIND(UNIT_PROPAGATES_STOP_TO),
     JOB_STOP, .matters = true},
    {JOB(JOB_RESTART),
     KIND(UNIT_REQUIRED_BY) | KIND(UNIT_REQUISITE_OF) | KIND(UNIT_BOUND_BY) | KIND(UNIT_CONSISTS_OF),
     JOB_TRY_RESTART, .matters = true},
    {JOB(JOB_RELOAD), KIND(UNIT_PROPAGATES_RELOAD_TO), JOB_RELOAD},
};

/* What a pulled job comes to in the unit's present state; false: nothing. */
static bool collapse_type(const struct node *node, enum job_type *type)
{
    if (*type == JOB_TRY_RESTART) {
        *type = JOB_RESTART;
        return unit_is_up(node);
    }
    return *type != JOB_RELOAD || (unit_is_up(node) && unit_can_reload(node));
}

static int load_error(const struct node *node, enum job_type type)
{
    if (type == JOB_STOP || node->u.unit->load_state == UNIT_LOADED)
        return 0;
    return node->u.unit->load_state == UNIT_NOT_FOUND ? -ENOENT : -ENOEXEC;
}

/* A requirement that is not there takes the jobs that need it along, and is told. */
static int drop_for_missing(struct transaction *t, uint32_t index, const struct node *missing)
{
    manager_log(t->jobs[index].node, true, "%s: not started, it requires %s, which is %s",
                t->jobs[index].node->u.unit->name, missing->u.unit->name,
                unit_load_state_to_string(missing->u.unit->load_state));
    return transaction_delete_job(t, index) < 0 ? load_error(missing, JOB_START) : 0;
}

static int apply_rule(struct transaction *t, uint32_t index, const struct pull_rule *rule,
                      const struct edge *edge)
{
    enum job_type type = rule->pulled;
    uint32_t object;

    if (!collapse_type(edge->to, &type))
        return 0;
    if (load_error(edge->to, type) < 0)
        return rule->matters ? drop_for_missing(t, index, edge->to) : 0;
    int r = add_job(t, edge->to, type, &object);
    if (r < 0)
        return r;
    /* It was dropped for something missing, and stays dropped: units may require each other in a circle. */
    if (t->jobs[object].deleted)
        return rule->matters && transaction_delete_job(t, index) < 0 ? -ENOENT : 0;
    t->jobs[object].conflicted = t->jobs[object].conflicted || rule->conflicts;
    return add_pull(t, index, object, rule->matters);
}

static int expand_job(struct transaction *t, uint32_t index)
{
    struct node *node = t->jobs[index].node;

    FOREACH_ARRAY (rule, pull_rules, ELEMENTSOF(pull_rules)) {
        if (!(rule->types & JOB(t->jobs[index].type)))
            continue;
        FOREACH_NEIGHBOUR(edge, node, rule->kinds)
        {
            int r = apply_rule(t, index, rule, edge);
            if (r < 0 || t->jobs[index].deleted)
                return r;
        }
    }
    return 0;
}

static bool ignores_requirements(const struct transaction *t)
{
    return t->mode == JOB_IGNORE_DEPENDENCIES || t->mode == JOB_IGNORE_REQUIREMENTS;
}

static int expand(struct transaction *t)
{
    for (uint32_t i = 0; i < t->n_jobs && !ignores_requirements(t); i++) {
        int r = t->jobs[i].deleted ? 0 : expand_job(t, i);
        if (r < 0)
            return r;
    }
    return 0;
}

/* systemctl isolate: what is not asked for stops. */
static int add_isolation(struct transaction *t)
{
    for (size_t i = 0; i < t->manager->names.n; i++) {
        struct node *node = t->manager->names.entries[i].node;
        uint32_t index;
        if (node->tentative != 0 || node->u.unit->ignore_on_isolate ||
            (unit_is_down(node) && node->job.id == 0))
            continue;
        int r = add_job(t, node, JOB_STOP, &index);
        if (r >= 0)
            r = add_pull(t, 0, index, true);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_redundant(const struct tentative *job)
{
    const struct node *node = job->node;

    switch (job->type) {
    case JOB_START:
    case JOB_VERIFY_ACTIVE:
        return unit_is_up(node);
    case JOB_STOP:
        return unit_is_down(node);
    default:
        return false;
    }
}

/* A unit that is where its jobs want it needs none, unless an installed job is taking it elsewhere. */
static void drop_redundant(struct transaction *t)
{
    for (uint32_t i = 1; i < t->n_jobs; i++) {
        struct node *node = t->jobs[i].node;
        bool redundant = true;
        for (uint32_t k = node->tentative; k != 0 && redundant; k = t->jobs[k - 1].sibling) {
            const struct tentative *job = &t->jobs[k - 1];
            redundant = k != 1 && (job->deleted || is_redundant(job)) &&
                        (node->job.id == 0 || job_type_merge(node, job->type, node->job.type) >= 0);
        }
        /* Not transaction_delete_job(): those who need it have what they need. */
        if (redundant)
            t->jobs[i].deleted = true;
    }
}

static bool *reach_flag(struct tentative *job, bool matters)
{
    return matters ? &job->matters : &job->wanted;
}

/* Flags what the anchor pulls in, directly or not; with `matters` only what it cannot be without. */
static void reach(struct transaction *t, bool matters)
{
    uint32_t n = 0;

    FOREACH_ARRAY (job, t->jobs, t->n_jobs)
        *reach_flag(job, matters) = false;
    t->list[n++] = 0;
    *reach_flag(&t->jobs[0], matters) = true;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t p = t->jobs[t->list[i]].first_need; p != NONE; p = t->pulls[p].next_need) {
            struct tentative *object = &t->jobs[t->pulls[p].object];
            if (object->deleted || *reach_flag(object, matters) || (matters && !t->pulls[p].matters))
                continue;
            *reach_flag(object, matters) = true;
            t->list[n++] = t->pulls[p].object;
        }
}

/* Jobs that nobody pulls in any more go. */
void transaction_sweep(struct transaction *t)
{
    reach(t, true);
    reach(t, false);
    FOREACH_ARRAY (job, t->jobs, t->n_jobs)
        job->deleted = job->deleted || !job->wanted;
}

/* Which of two jobs that exclude each other goes: never one that the request needs. Of two others the start
 * goes when the stop is there for a conflict, else the stop. */
static int delete_one(struct transaction *t, uint32_t a, uint32_t b)
{
    struct tentative *x = &t->jobs[a], *y = &t->jobs[b];
    uint32_t stop = x->type == JOB_STOP ? a : b, other = stop == a ? b : a;

    if (x->matters && y->matters) {
        manager_log(x->node, true, "%s: is to be started and stopped by one request, which is refused",
                    x->node->u.unit->name);
        return -ELOOP;
    }
    if (x->matters != y->matters)
        return transaction_delete_job(t, x->matters ? b : a);
    return transaction_delete_job(t, t->jobs[stop].conflicted ? other : stop);
}

/* Merges b into a, with all that pull it in. */
static void merge_into(struct transaction *t, uint32_t a, uint32_t b, enum job_type type)
{
    uint32_t last = NONE;

    for (uint32_t p = t->jobs[b].first_taker; p != NONE; p = t->pulls[p].next_taker) {
        t->pulls[p].object = a;
        last = p;
    }
    if (last != NONE) {
        t->pulls[last].next_taker = t->jobs[a].first_taker;
        t->jobs[a].first_taker = t->jobs[b].first_taker;
    }
    last = NONE;
    for (uint32_t p = t->jobs[b].first_need; p != NONE; p = t->pulls[p].next_need) {
        t->pulls[p].subject = a;
        last = p;
    }
    if (last != NONE) {
        t->pulls[last].next_need = t->jobs[a].first_need;
        t->jobs[a].first_need = t->jobs[b].first_need;
    }
    t->jobs[a].type = type;
    t->jobs[a].matters = t->jobs[a].matters || t->jobs[b].matters;
    t->jobs[b].first_need = t->jobs[b].first_taker = NONE;
    t->jobs[b].deleted = true;
}

/* The jobs of one unit become one; 1 when something was deleted for it. */
static int merge_unit(struct transaction *t, uint32_t first)
{
    for (uint32_t i = t->jobs[first].node->tentative; i != 0; i = t->jobs[i - 1].sibling) {
        /* The anchor comes last in the list and takes the others in. */
        uint32_t other = i - 1;
        if (other == first || t->jobs[other].deleted)
            continue;
        int type = job_type_merge(t->jobs[first].node, t->jobs[first].type, t->jobs[other].type);
        if (type < 0) {
            int r = delete_one(t, first, other);
            return r < 0 ? r : 1;
        }
        merge_into(t, first, other, (enum job_type)type);
    }
    return 0;
}

static int merge(struct transaction *t)
{
    for (uint32_t i = 0; i < t->n_jobs; i++) {
        int r = t->jobs[i].deleted ? 0 : merge_unit(t, i);
        if (r < 0)
            return r;
        if (r > 0) {
            /* Others may not be wanted any more, or not matter: look again from the start. */
            transaction_sweep(t);
            i = NONE;
        }
    }
    return 0;
}

/* Whether a job would push out one that may not be pushed out. */
static int check_installed(const struct transaction *t)
{
    FOREACH_ARRAY (job, t->jobs, t->n_jobs) {
        const struct job *installed = &job->node->job;
        if (job->deleted || installed->id == 0 || job_type_merge(job->node, job->type, installed->type) >= 0)
            continue;
        if (t->mode == JOB_FAIL || installed->irreversible)
            return -EDEADLK;
    }
    return 0;
}

static bool has_job(const struct transaction *t, const struct node *node)
{
    for (uint32_t i = node->tentative; i != 0; i = t->jobs[i - 1].sibling)
        if (!t->jobs[i - 1].deleted)
            return true;
    return false;
}

/* --job-mode=flush: what else is waiting or running goes. */
static void flush_jobs(const struct transaction *t)
{
    for (size_t i = 0; i < t->manager->names.n; i++) {
        struct node *node = t->manager->names.entries[i].node;
        if (!has_job(t, node))
            job_set_result(node, JOB_CANCELED);
    }
}

static uint32_t install(struct transaction *t)
{
    bool irreversible = t->mode == JOB_REPLACE_IRREVERSIBLY,
         ignore_order = t->mode == JOB_IGNORE_DEPENDENCIES;
    uint32_t anchor = 0;

    if (t->mode == JOB_FLUSH)
        flush_jobs(t);
    for (uint32_t i = 0; i < t->n_jobs; i++) {
        const struct tentative *job = &t->jobs[i];
        if (job->deleted)
            continue;
        uint32_t id = job_install(job->node, job->type, irreversible, ignore_order || job->ignore_order);
        job->node->job.ignore_requirements |= ignores_requirements(t);
        if (i == 0)
            anchor = id;
    }
    return anchor;
}

static int make_consistent(struct transaction *t)
{
    int r = expand(t);
    if (r >= 0 && t->mode == JOB_ISOLATE)
        r = add_isolation(t);
    if (r < 0)
        return r;
    drop_redundant(t);
    transaction_sweep(t);
    r = merge(t);
    if (r >= 0)
        r = transaction_break_cycles(t);
    return r < 0 ? r : check_installed(t);
}

int transaction_run(struct node *anchor, enum job_type type, enum job_mode mode, uint32_t *ret_job)
{
    _cleanup_(transaction_done) struct transaction t = {.manager = anchor->manager, .mode = mode};
    uint32_t index;

    if (anchor->manager->shutting_down)
        return -ESHUTDOWN;
    int r = load_error(anchor, type);
    if (r >= 0)
        r = add_job(&t, anchor, type, &index);
    if (r >= 0)
        r = make_consistent(&t);
    if (r < 0)
        return r;
    uint32_t id = install(&t);
    if (ret_job)
        *ret_job = id;
    return 0;
}
