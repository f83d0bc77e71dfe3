/* What the host knows of a container without asking anybody inside: its state file and its cgroup. */
#pragma once

#include "common/json.h"
#include "launcher/state.h"

struct description {
    char *name;
    bool running;
    struct state_record record;
    uint64_t memory; /* bytes, UINT64_MAX: unknown */
    usec_t cpu;      /* USEC_INFINITY: unknown */
};

/* -ENOENT when there is none, or none yet: a start or an end under way has no record. */
int describe(const struct state *state, struct description *ret);
int describe_by_name(const char *name, struct description *ret);
void description_done(struct description *description);
/* One object; key as in common/json.h. */
void description_to_json(const struct description *description, struct json *json, const char *key);
