/* The end: nothing is started any more, all units stop in reverse order, a deadline stands over everything.
 */
#include "init/manager/internal.h"

#include <signal.h>

/* SIGKILL is not instant: the kernel tears address spaces down. */
#define KILL_GRACE (5 * USEC_PER_SEC)

int unit_exit_code(const struct node *node)
{
    const struct process_exit *how = &node->u.main_exit;

    if (how->code == CLD_EXITED)
        return how->status;
    if (how->code != 0)
        return EXIT_SIGNAL_BASE + how->status;
    /* It never ran: a failure still has to look like one. */
    return node->u.active == UNIT_FAILED || node->u.unit->load_state != UNIT_LOADED ? 1 : 0;
}

void shutdown_begin(struct manager *manager, int exit_status)
{
    manager->exit_status = exit_status;
    if (manager->shutting_down)
        return;
    manager->shutting_down = true;
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (node->job.id != 0 && node->job.type != JOB_STOP)
            job_cancel(node);
        /* What is only coming up stops at once: nobody uses it yet, and waiting would let its start go on. */
        if (!unit_is_down(node))
            (void)job_install(node, JOB_STOP, true, node->u.active == UNIT_ACTIVATING);
        /* JobTimeoutSec= must not take the stop away: the overall deadline is the one that counts now. */
        deadline_disarm(&manager->deadlines, &node->job.timeout);
    }
    deadline_arm(&manager->deadlines, &manager->shutdown_deadline,
                 usec_add(manager->now, manager->config.stop_timeout));
}

/* The deadline after the kill only has to catch processes that the kernel cannot end. */
static void give_up(struct manager *manager)
{
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (!unit_is_down(node) && node->u.unit->type == UNIT_SERVICE)
            service_enter_dead(node, RESULT_TIMEOUT, false);
    }
}

void shutdown_kill(struct manager *manager)
{
    if (manager->killing)
        return;
    manager->killing = true;
    deadline_arm(&manager->deadlines, &manager->shutdown_deadline, manager->now + KILL_GRACE);
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (!unit_is_down(node) && node->u.unit->type == UNIT_SERVICE)
            service_kill_now(node);
        if (node->job.id != 0) {
            node->job.ignore_order = true;
            queue_push(node, QUEUE_RUN);
        }
    }
}

/* Those that were told and did not end, and those whose turn has not come because of them. */
static void tell_late(struct manager *manager)
{
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        if (!is_own_name(&manager->names.entries[i]) || unit_is_down(node) ||
            node->u.unit->type != UNIT_SERVICE || node->u.state == SERVICE_EXITED)
            continue;
        manager_log(node, true, "%s: %s when the container's stop timeout was over, killed with SIGKILL",
                    node->u.unit->name,
                    node->u.active == UNIT_DEACTIVATING ? "had not stopped" : "still had to wait for others");
    }
}

void shutdown_deadline_due(struct manager *manager)
{
    if (manager->killing) {
        give_up(manager);
    } else {
        tell_late(manager);
        shutdown_kill(manager);
    }
}
