/* The manager's state out of a text. First all units, so that the graph is that of before, then what they
 * were doing. Whoever wrote the text may have been another version, or broken: a value is looked at before it
 * is believed, and a unit on its way somewhere always gets a deadline. */
#include <errno.h>
#include <stdlib.h>

#include "common/text.h"
#include "init/manager/handover-fields.h"

static void read_manager(struct manager *manager, usec_t now, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "manager", &cursor)))
        while (handover_next(reader, section, &line)) {
            reader->n_unknown += field_read(reader, manager_fields, n_manager_fields, manager, &line) == 0;
        }
    manager->now = MIN(manager->now, now);
}

/* --- the graph --- */

static int adopt_units(struct manager *manager, struct handover_reader *reader)
{
    struct handover_section *section;
    struct node *node;

    for (size_t cursor = 0; (section = handover_find(reader, "unit", &cursor));) {
        int r = graph_adopt(manager, section->name, &node);
        if (r == -ENOMEM)
            return r;
        if (r < 0) {
            section->kind = ""; /* no name, or there twice */
            reader->n_bad++;
        }
    }
    return 0;
}

/* Those of today's links, behind all units: one that has become an alias of another keeps its state. */
static int add_aliases(struct manager *manager, struct handover_reader *reader)
{
    struct handover_section *section;

    for (size_t cursor = 0; (section = handover_find(reader, "unit", &cursor));) {
        struct node *node = name_table_find(&manager->names, section->name);
        int r = node ? graph_add_aliases(node) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Those that were known, of which some are told by no link: of a unit that is not found, or masked. */
static int adopt_aliases(struct manager *manager, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;

    while ((section = handover_find(reader, "aliases", &cursor)))
        while (handover_next(reader, section, &line)) {
            char *blank = strchr(line.value, ' ');
            struct node *node = blank ? name_table_find(&manager->names, blank + 1) : NULL;
            if (!node) {
                reader->n_bad++;
                continue;
            }
            *blank = 0;
            if (graph_adopt_alias(node, line.value) == -ENOMEM)
                return -ENOMEM;
        }
    return 0;
}

/* --- a unit --- */

static void take_processes(struct node *node)
{
    struct pid_table *pids = &node->manager->pids;
    pid_t main_pid = node->u.main_pid, control_pid = node->u.control_pid;

    node->u.main_pid = node->u.control_pid = 0;
    if (main_pid > 1 && !pid_table_find(pids, main_pid))
        service_set_main_pid(node, main_pid);
    if (control_pid > 1 && !pid_table_find(pids, control_pid))
        service_set_control_pid(node, control_pid);
}

static void take_state(struct node *node)
{
    enum service_state state = node->u.state;
    bool simple = state == SERVICE_DEAD || state == SERVICE_RUNNING;

    node->u.state = SERVICE_DEAD;
    if (simple || node->u.unit->type == UNIT_SERVICE)
        unit_restore_state(node, state);
}

static void take_job(struct node *node)
{
    struct deadline timeout = node->job.timeout;

    if (node->job.id != 0)
        job_restore(node);
    else
        node->job = (struct job){.timeout = timeout};
}

/* Lines that are no fields. */
struct commands {
    char *main, *control;
};

static int read_report_line(struct handover_reader *reader, struct manager_unit *unit,
                            const struct handover_line *line)
{
    bool is_first = !unit->report;
    struct unit_report *report = unit_report_get(unit);

    if (!report)
        return -ENOMEM;
    int r = field_read(reader, report_fields, n_report_fields, report, line);
    if (r == 0 && is_first)
        unit_report_forget(unit);
    return r;
}

static int read_unit_line(struct handover_reader *reader, struct node *node, const struct handover_line *line,
                          struct commands *commands)
{
    if (streq(line->key, "MainCommand"))
        commands->main = line->value;
    else if (streq(line->key, "ControlCommand"))
        commands->control = line->value;
    else {
        int r = field_read(reader, node_fields, n_node_fields, node, line);
        return r != 0 ? r : read_report_line(reader, &node->u, line);
    }
    return 1;
}

static void take_commands(struct node *node, const struct commands *commands)
{
    struct exec_command *const *lists = node->u.unit->commands->of;
    enum service_command kind = node->u.control_command;

    if (commands->main)
        node->main_command = command_read(lists[COMMAND_START], commands->main);
    if (commands->control && kind < SERVICE_COMMAND_MAX)
        node->control_command = command_read(lists[kind], commands->control);
}

static int read_unit(struct handover_reader *reader, struct handover_section *section, struct node *node)
{
    struct commands commands = {0};
    struct handover_line line;

    while (handover_next(reader, section, &line)) {
        int r = read_unit_line(reader, node, &line, &commands);
        if (r < 0)
            return r;
        reader->n_unknown += r == 0;
    }
    take_commands(node, &commands);
    take_processes(node);
    take_state(node);
    take_job(node);
    node->manager->last_invocation = MAX(node->manager->last_invocation, node->u.invocation);
    return 0;
}

static int read_units(struct manager *manager, struct handover_reader *reader)
{
    struct handover_section *section;

    for (size_t cursor = 0; (section = handover_find(reader, "unit", &cursor));) {
        struct node *node = name_table_find(&manager->names, section->name);
        int r = node ? read_unit(reader, section, node) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* --- deadlines --- */

static struct deadline *find_deadline(const struct manager *manager, const char *kind_name, const char *unit)
{
    struct node *node = name_table_find(&manager->names, unit);

    FOREACH_ARRAY (kind, deadline_kinds, ELEMENTSOF(deadline_kinds))
        if (node && streq(kind->name, kind_name))
            return (struct deadline *)((char *)node + kind->offset);
    return NULL;
}

static bool is_meant(struct deadline *deadline)
{
    const struct node *node = deadline_node(deadline);

    if (deadline->kind == DEADLINE_JOB)
        return node->job.id != 0;
    return !unit_is_down(node) && node->u.unit->type == UNIT_SERVICE;
}

static void read_deadlines(struct manager *manager, struct handover_reader *reader)
{
    struct handover_section *section;
    struct handover_line line;
    size_t cursor = 0;
    usec_t when;

    while ((section = handover_find(reader, "deadlines", &cursor)))
        while (handover_next(reader, section, &line)) {
            const char *value = line.value;
            struct deadline *deadline =
                handover_number(&value, &when) ? find_deadline(manager, line.key, value) : NULL;
            if (deadline && is_meant(deadline))
                deadline_arm(&manager->deadlines, deadline, when);
            else
                reader->n_bad++;
        }
}

/* Nothing waits for ever because a line was lost. */
static void arm_the_rest(struct manager *manager)
{
    for (size_t i = 0; i < manager->names.n; i++) {
        struct node *node = manager->names.entries[i].node;
        bool under_way = !unit_is_down(node) && node->u.active != UNIT_ACTIVE;
        if (under_way && node->u.unit->type == UNIT_SERVICE && node->timer.position == 0)
            service_arm_timer(node, node->u.state == SERVICE_AUTO_RESTART ? service_restart_delay(node)
                                    : node->u.active == UNIT_DEACTIVATING ? service_stop_timeout(node)
                                                                          : service_start_timeout(node));
    }
}

int manager_deserialize(struct manager *manager, usec_t now, struct handover_reader *reader)
{
    read_manager(manager, now, reader);
    int r = adopt_units(manager, reader);
    if (r >= 0)
        r = add_aliases(manager, reader);
    if (r >= 0)
        r = adopt_aliases(manager, reader);
    if (r < 0)
        return r;
    (void)graph_resolve(manager);
    r = read_units(manager, reader);
    if (r < 0)
        return r;
    read_deadlines(manager, reader);
    arm_the_rest(manager);
    return 0;
}
