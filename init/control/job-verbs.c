/* The verbs about jobs as such: list-jobs, cancel. */
#include <errno.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/control/internal.h"

static void send_job(struct control_client *client, const struct manager_unit *unit,
                     const struct job_status *job)
{
    struct record record;

    record_begin(&record, "job");
    record_add_u64(&record, "Id", job->id);
    record_add(&record, "Unit", unit->unit->name);
    record_add(&record, "JobType", job_type_to_string(job->type));
    record_add(&record, "State", job->running ? "running" : "waiting");
    control_client_send(client, &record);
}

int control_verb_list_jobs(struct control_client *client)
{
    const struct control_request *request = &client->request;
    const struct manager_unit *unit;
    struct job_status job;

    for (size_t cursor = 0; (unit = manager_next_unit(client->server->manager, &cursor));)
        if (manager_job_of(unit, &job) && (!request->named || strv_contains(request->args, unit->unit->name)))
            send_job(client, unit, &job);
    control_client_finish(client, "done", 0, NULL);
    return 0;
}

static int cancel_one(struct manager *manager, const char *word, char **ret_message)
{
    uint64_t id = 0;
    int r = parse_u64(word, &id);

    if (r < 0 || id == 0 || id > UINT32_MAX)
        *ret_message = xasprintf("%s: not the number of a job: see berthctl list-jobs", word);
    else if ((r = manager_cancel_job(manager, now_monotonic(), (uint32_t)id)) < 0)
        *ret_message =
            xasprintf("job %s: %s", word, r == -ENOENT ? "there is none" : "the container is ending");
    return r;
}

/* All that can be: those of the container's end stay. */
static void cancel_all(struct manager *manager)
{
    const struct manager_unit *unit;
    struct job_status job;

    for (size_t cursor = 0; (unit = manager_next_unit(manager, &cursor));)
        if (manager_job_of(unit, &job))
            (void)manager_cancel_job(manager, now_monotonic(), job.id);
}

int control_verb_cancel(struct control_client *client)
{
    struct manager *manager = client->server->manager;
    _cleanup_free_ char *message = NULL;

    if (client->request.n_args == 0)
        cancel_all(manager);
    for (size_t i = 0; i < client->request.n_args && !message; i++)
        (void)cancel_one(manager, client->request.args[i], &message);
    control_client_finish(client, message ? "failed" : "done", message != NULL, message);
    return 0;
}
