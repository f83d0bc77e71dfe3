/* A container's description. */
#include "launcher/describe.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"

#include "launcher/cgroup.h"
#include "launcher/scope.h"

int describe(const struct state *state, struct description *ret)
{
    struct description description = {.running = state->running, .memory = UINT64_MAX, .cpu = USEC_INFINITY};
    _cleanup_close_ int cgroup = -EBADF;

    int r = state_read(state, &description.record);
    if (r < 0)
        return r;
    description.name = strdup(state->name);
    if (!description.name) {
        description_done(&description);
        return -ENOMEM;
    }
    /* What cannot be read is unknown: the controller is missing, or the container is ending just now. */
    if (description.record.cgroup && scope_open_cgroup(description.record.cgroup, &cgroup) >= 0) {
        (void)cgroup_read_u64(cgroup, "memory.current", &description.memory);
        (void)cgroup_read_key(cgroup, "cpu.stat", "usage_usec", &description.cpu);
    }
    *ret = description;
    return 0;
}

int describe_by_name(const char *name, struct description *ret)
{
    _cleanup_state_ struct state state = STATE_INIT;
    int r = state_open(name, &state);
    return r < 0 ? r : describe(&state, ret);
}

void description_done(struct description *description)
{
    free(description->name);
    state_record_done(&description->record);
}

void description_to_json(const struct description *description, struct json *json, const char *key)
{
    const struct state_record *record = &description->record;

    json_object_begin(json, key);
    json_string(json, "name", description->name);
    json_string(json, "state", description->running ? "running" : "dead");
    json_u64(json, "leader", (uint64_t)record->leader);
    json_u64(json, "monitor", (uint64_t)record->monitor);
    json_u64(json, "startedUSec", record->started);
    json_string(json, "root", record->root);
    json_string(json, "command", record->command);
    json_string(json, "unit", record->unit);
    json_string(json, "cgroup", record->cgroup);
    json_string(json, "status", record->status);
    if (description->memory != UINT64_MAX)
        json_u64(json, "memoryBytes", description->memory);
    if (description->cpu != USEC_INFINITY)
        json_u64(json, "cpuUSec", description->cpu);
    json_object_end(json);
}
