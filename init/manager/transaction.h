/* What a transaction is made of, for the two files that build one: transaction.c and cycle.c. */
#pragma once

#include "init/manager/internal.h"

#define NONE UINT32_MAX

struct tentative {
    struct node *node;
    enum job_type type;
    uint32_t sibling;     /* the next job of the same unit */
    uint32_t first_need;  /* pulls that this one made (it is the subject) */
    uint32_t first_taker; /* pulls that made this one (it is the object) */
    bool matters;         /* to the anchor: the request fails without it */
    bool wanted;          /* by the anchor, in whatever way */
    bool conflicted;      /* a stop because of Conflicts= */
    bool deleted;
    bool ignore_order;
};

/* subject pulled in object; if it matters, subject is nothing without it. */
struct pull {
    uint32_t subject, object;
    uint32_t next_need, next_taker;
    bool matters;
};

/* On the path of the search for cycles: a job that waits for the next one, and where its search stands. */
struct step {
    struct node *node;
    uint32_t next_edge;
};

struct transaction {
    struct manager *manager;
    enum job_mode mode;
    struct tentative *jobs; /* [0] is the anchor */
    uint32_t n_jobs, jobs_capacity;
    struct pull *pulls;
    uint32_t n_pulls, pulls_capacity;
    uint32_t *list; /* room for one walk over all jobs */
    uint32_t list_capacity;
    struct step *path; /* of the search for cycles */
    uint32_t n_path, path_capacity;
};

/* Room for one more item in an array. 0 or -ENOMEM. */
int transaction_grow(void **items, uint32_t n, uint32_t *capacity, size_t size);
/* Deletes a job and all that are nothing without it. -EDEADLK when the request itself went with it. */
int transaction_delete_job(struct transaction *t, uint32_t index);
/* Jobs that nobody pulls in any more go; those that the request cannot do without are marked. */
void transaction_sweep(struct transaction *t);
/* 0 when no jobs wait for each other any more; -EDEADLK when the request needs all of a cycle. */
int transaction_break_cycles(struct transaction *t);
