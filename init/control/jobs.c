/* Requests that make jobs: a client that asked for several units waits for the last one, and hears of each
 * that went wrong. */
#include <errno.h>
#include <stdlib.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/control/internal.h"

/* systemctl's exit status for what a job came to. */
static const struct {
    const char *result;
    int exit_status;
    const char *message; /* NULL: the unit knows better */
} job_results[JOB_RESULT_MAX] = {
    [JOB_DONE] = {"done", 0, NULL},
    [JOB_CANCELED] = {"canceled", 1, "another request took its place"},
    [JOB_TIMEOUT] = {"timeout", 1, "it took too long"},
    [JOB_FAILED] = {"failed", 1, NULL},
    [JOB_DEPENDENCY] = {"dependency", 1, "a unit that it needs failed"},
    [JOB_SKIPPED] = {"skipped", 0, NULL},
    [JOB_ASSERT] = {"assert", 1, "an Assert...= of it does not hold"},
    [JOB_INVALID] = {"invalid", 1, "the unit is not in a state for it"},
};

/* Why no job could be made. */
static const struct {
    int error;
    int exit_status;
    const char *result;
    const char *message;
} enqueue_errors[] = {
    {-EINVAL, 3, "invalid", "the unit does not support it"},
    {-EBADMSG, 1, "invalid", "no valid unit name"}, /* as the lookup says it */
    {-ENOENT, 5, "no-such-unit", "not found"},
    {-ENOEXEC, 1, "failed", "a unit that it requires cannot be loaded"},
    {-EDEADLK, 4, "failed", "conflicts with a job that is there"},
    {-ELOOP, 1, "failed", "conflicts with itself"},
    {-ESHUTDOWN, 1, "canceled", "the container is stopping"},
    {-EPERM, 4, "denied", "may only come as a dependency of another unit"},
    {-ENOMEM, 1, "error", "no memory"},
};

/* refusal: the manager's own sentence, or NULL. */
static void fail_job(struct control_job *job, int error, const struct manager_unit *unit, const char *refusal)
{
    job->result = "error";
    job->exit_status = 1;
    const char *message = strerror(-error);
    FOREACH_ARRAY (known, enqueue_errors, ELEMENTSOF(enqueue_errors))
        if (known->error == error) {
            job->result = known->result;
            job->exit_status = known->exit_status;
            message = known->message;
        }
    bool unusable = unit && unit->unit->load_state != UNIT_NOT_FOUND && unit->unit->load_state != UNIT_LOADED;
    if ((error == -ENOENT || error == -ENOEXEC) && unusable) {
        job->result = "failed";
        job->exit_status = 1;
        message = unit->unit->load_error ? unit->unit->load_error
                                         : unit_load_state_to_string(unit->unit->load_state);
    }
    free(job->message);
    job->message = strdup(refusal ? refusal : message);
}

static bool is_down(const struct manager_unit *unit)
{
    return !unit || unit->active == UNIT_INACTIVE || unit->active == UNIT_FAILED;
}

static void finish_job(const struct control_client *client, struct control_job *job, enum job_result result)
{
    const struct manager_unit *unit = manager_find(client->server->manager, job->unit);

    job->id = 0;
    job->awaits_end = client->request.wait && result == JOB_DONE && !is_down(unit);
    if (job->awaits_end)
        return;
    if (client->request.wait && result == JOB_DONE && unit && unit->active == UNIT_FAILED)
        result = JOB_FAILED; /* it was up, and how it ended counts */
    job->result = job_results[result].result;
    job->exit_status = job_results[result].exit_status;
    if (job_results[result].message)
        job->message = strdup(job_results[result].message);
    else if (result == JOB_FAILED && unit)
        job->message = control_describe_failure(unit);
}

/* A job that ended before manager_enqueue() returned. */
static void take_early(const struct control_client *client, struct control_job *job)
{
    const struct control_server *server = client->server;

    FOREACH_ARRAY (report, server->early, server->n_early)
        if (report->id == job->id && job->id != 0) {
            finish_job(client, job, report->result);
            return;
        }
}

/* What the verb means for a unit in this state. */
static enum job_type choose_type(const struct control_client *client, const struct manager_unit *unit)
{
    bool active = unit->active == UNIT_ACTIVE || unit->active == UNIT_RELOADING;

    switch (client->verb->argument) {
    case VERB_RELOAD_OR_RESTART:
        return is_down(unit) ? JOB_START : active && manager_can_reload(unit) ? JOB_RELOAD : JOB_RESTART;
    case VERB_TRY_RELOAD_OR_RESTART:
        return active && manager_can_reload(unit) ? JOB_RELOAD : JOB_TRY_RESTART;
    case VERB_ISOLATE:
        return JOB_START;
    default:
        return (enum job_type)client->verb->argument;
    }
}

static void enqueue(struct control_client *client, const char *word, struct control_job *job)
{
    struct control_server *server = client->server;
    struct manager_unit *unit;
    enum job_mode mode = client->verb->argument == VERB_ISOLATE ? JOB_ISOLATE : client->request.mode;

    int r = control_find_unit(client, word, &job->unit, &unit);
    if (!job->unit)
        job->unit = strdup(word);
    if (r < 0 || !job->unit) {
        fail_job(job, r == -EINVAL ? -EBADMSG : r < 0 ? r : -ENOMEM, unit, NULL);
        return;
    }
    server->enqueuing = true;
    server->n_early = 0;
    r = manager_enqueue(server->manager, now_monotonic(), job->unit, choose_type(client, unit), mode,
                        &job->id);
    server->enqueuing = false;
    if (r < 0) {
        job->id = 0;
        fail_job(job, r, unit, manager_refusal(server->manager));
    } else if (client->request.no_block) {
        job->id = 0;
        job->result = "done";
    } else {
        take_early(client, job);
    }
}

static void send_failure(struct control_client *client, const struct control_job *job)
{
    struct record record;

    record_begin(&record, "job");
    record_add(&record, "Unit", job->unit);
    record_add(&record, "JobType", client->verb->name);
    record_add(&record, CONTROL_KEY_RESULT, job->result);
    record_add(&record, CONTROL_KEY_MESSAGE, job->message);
    control_client_send(client, &record);
}

/* The answer, once no job is left to wait for. */
static void answer_if_done(struct control_client *client)
{
    static const struct control_job nothing = {.result = "done"}; /* no unit matched the patterns */
    const struct control_job *worst = client->n_jobs > 0 ? client->jobs : &nothing;
    _cleanup_free_ char *message = NULL;

    if (client->finishing)
        return;
    FOREACH_ARRAY (job, client->jobs, client->n_jobs)
        if (!job->result)
            return;
    FOREACH_ARRAY (job, client->jobs, client->n_jobs) {
        if (job->exit_status != 0)
            send_failure(client, job);
        if (job->exit_status > worst->exit_status)
            worst = job;
    }
    if (worst->exit_status != 0)
        message = xasprintf("%s: %s", worst->unit, worst->message ? worst->message : worst->result);
    control_client_finish(client, worst->result, worst->exit_status, message);
}

int control_verb_job(struct control_client *client)
{
    size_t n = client->request.n_args;

    client->jobs = calloc(MAX(n, (size_t)1), sizeof(*client->jobs));
    if (!client->jobs)
        return -ENOMEM;
    client->n_jobs = n;
    manager_gather(client->server->manager);
    for (size_t i = 0; i < n; i++)
        enqueue(client, client->request.args[i], &client->jobs[i]);
    manager_go(client->server->manager);
    answer_if_done(client);
    return 0;
}

void control_jobs_unit_changed(struct control_server *server, const struct manager_unit *unit)
{
    if (!is_down(unit))
        return;
    FOREACH_ARRAY (slot, server->clients, server->n_clients) {
        struct control_client *client = *slot;
        bool hit = false;
        FOREACH_ARRAY (job, client->jobs, client->n_jobs)
            if (job->awaits_end && manager_find(server->manager, job->unit) == unit) {
                finish_job(client, job, JOB_DONE);
                hit = true;
            }
        if (hit && !client->dead)
            answer_if_done(client);
    }
}

static void remember_early(struct control_server *server, const struct job_report *report)
{
    struct job_report *more = reallocarray(server->early, server->n_early + 1, sizeof(*more));
    if (!more)
        return;
    server->early = more;
    server->early[server->n_early] = *report;
    server->early[server->n_early++].unit = NULL;
}

void control_jobs_finished(struct control_server *server, const struct job_report *report)
{
    if (server->enqueuing)
        remember_early(server, report);
    FOREACH_ARRAY (slot, server->clients, server->n_clients) {
        struct control_client *client = *slot;
        bool hit = false;
        FOREACH_ARRAY (job, client->jobs, client->n_jobs)
            if (job->id == report->id && job->id != 0) {
                finish_job(client, job, report->result);
                hit = true;
            }
        if (hit && !client->dead)
            answer_if_done(client);
    }
}

void control_jobs_done(struct control_client *client)
{
    FOREACH_ARRAY (job, client->jobs, client->n_jobs) {
        free(job->unit);
        free(job->message);
    }
    free(client->jobs);
    client->jobs = NULL;
    client->n_jobs = 0;
}
