/* The scope as a transient unit of systemd: org.freedesktop.systemd1(5).
 *
 * - request: connect; match JobRemoved, so that its signal cannot pass before anybody looks;
 * StartTransientUnit, without waiting for the answer
 * - enter: the answer names a job (or the refusal a reason, some of which can be cured: ask again); the job
 * must end as "done"; the unit must be active and this process in its group, which the answers alone do not
 *   promise */
#include "launcher/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/scope-watch.h"

#if HAVE_SYSTEMD

#include "common/syscalls.h"

#define DYING_TIMEOUT (2 * USEC_PER_SEC)   /* for the processes of a container whose monitor was killed */
#define POLL_INTERVAL (20 * USEC_PER_MSEC) /* a unit on its way out is looked at this often */

/* What older managers do not know, and how we live without it. */
enum {
    OPTIONAL_PIDFDS,    /* before 255: PIDs, which is safe as long as the process is ourselves */
    OPTIONAL_OOMPOLICY, /* on scopes before 252: continue is what they do */
    OPTIONAL_MAX
};
static const char *const optional_names[] = {"PIDFDs", "OOMPolicy"};

struct systemd_link {
    sd_bus *bus;
    bool broker;
    char *path; /* object of the unit */
    sd_bus_slot *call, *job_removed, *request_stop;
    struct unit_watch *watch; /* instead of the bus, where no broker carries RequestStop */

    bool answered;
    sd_bus_error refusal;
    char *job;          /* that the answer named */
    char *finished_job; /* that a signal named, with its result */
    char *result;

    bool without[OPTIONAL_MAX];
    bool reset, restarted; /* cures that are tried once */
    usec_t patience;       /* until when a container of the same name may be dying */
    bool stop_requested;
};

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct systemd_link *link = userdata;
    const char *job;

    link->answered = true;
    if (sd.bus_message_is_method_error(message, NULL))
        return sd.bus_error_copy(&link->refusal, sd.bus_message_get_error(message)) == -ENOMEM ? -ENOMEM : 0;
    int r = sd.bus_message_read(message, "o", &job);
    if (r < 0)
        return r;
    return (link->job = strdup(job)) ? 0 : -ENOMEM;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct scope *scope = userdata;
    struct systemd_link *link = scope->systemd;
    const char *job, *unit, *result;
    uint32_t id;

    int r = sd.bus_message_read(message, "uoss", &id, &job, &unit, &result);
    if (r < 0)
        return r;
    if (!streq(unit, scope->unit) || (link->job && !streq(link->job, job)))
        return 0;
    free(link->finished_job);
    free(link->result);
    link->finished_job = strdup(job);
    link->result = strdup(result);
    return link->finished_job && link->result ? 0 : -ENOMEM;
}

static int on_request_stop(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct systemd_link *link = userdata;
    link->stop_requested = true;
    return 0;
}

static int append_u64(sd_bus_message *m, const struct scope_property *p)
{
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, "t", p->number);
}

static int append_u32(sd_bus_message *m, const struct scope_property *p)
{
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, "u", (uint32_t)p->number);
}

static int append_int(sd_bus_message *m, const struct scope_property *p)
{
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, p->type->signature, (int)p->number);
}

static int append_text(sd_bus_message *m, const struct scope_property *p)
{
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, "s", p->text);
}

static int append_mask(sd_bus_message *m, const struct scope_property *p)
{
    int r = sd.bus_message_open_container(m, 'r', "sv");
    if (r >= 0)
        r = sd.bus_message_append(m, "s", p->type->bus_name);
    if (r >= 0)
        r = sd.bus_message_open_container(m, 'v', "ay");
    if (r >= 0)
        r = sd.bus_message_append_array(m, 'y', p->mask, p->mask_size);
    if (r >= 0)
        r = sd.bus_message_close_container(m);
    return r < 0 ? r : sd.bus_message_close_container(m);
}

static int append_words(sd_bus_message *m, const struct scope_property *p)
{
    _cleanup_strv_ char **words = NULL;
    int r = strv_split(p->text, " ", &words);
    if (r >= 0)
        r = sd.bus_message_open_container(m, 'r', "sv");
    if (r >= 0)
        r = sd.bus_message_append(m, "s", p->type->bus_name);
    if (r >= 0)
        r = sd.bus_message_open_container(m, 'v', "as");
    if (r >= 0)
        r = sd.bus_message_append_strv(m, words);
    if (r >= 0)
        r = sd.bus_message_close_container(m);
    return r < 0 ? r : sd.bus_message_close_container(m);
}

static int append_device_amount(sd_bus_message *m, const struct scope_property *p)
{
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, "a(st)", 1, p->text, p->number);
}

/* "/dev/fuse rw"; all three rights when none are named, as in unit files. */
static int append_device_rights(sd_bus_message *m, const struct scope_property *p)
{
    const char *blank = strchr(p->text, ' ');
    _cleanup_free_ char *device = strndup(p->text, strcspn(p->text, " "));
    if (!device)
        return -ENOMEM;
    return sd.bus_message_append(m, "(sv)", p->type->bus_name, "a(ss)", 1, device,
                                 blank ? blank + strspn(blank, " ") : "rwm");
}

static int append_property(sd_bus_message *m, const struct scope_property *property)
{
    static const struct {
        const char *signature;
        int (*append)(sd_bus_message *m, const struct scope_property *property);
    } writers[] = {
        {"t", append_u64},
        {"u", append_u32},
        {"i", append_int},
        {"b", append_int},
        {"s", append_text},
        {"ay", append_mask},
        {"as", append_words},
        {"a(st)", append_device_amount},
        {"a(ss)", append_device_rights},
    };
    FOREACH_ARRAY (writer, writers, ELEMENTSOF(writers))
        if (streq(writer->signature, property->type->signature))
            return writer->append(m, property);
    return -EINVAL;
}

static int append_self(sd_bus_message *m, struct systemd_link *link)
{
    _cleanup_close_ int pidfd = link->without[OPTIONAL_PIDFDS] ? -EBADF : sys_pidfd_open(getpid(), 0);
    if (pidfd >= 0)
        return sd.bus_message_append(m, "(sv)", "PIDFDs", "ah", 1, pidfd);
    link->without[OPTIONAL_PIDFDS] = true;
    return sd.bus_message_append(m, "(sv)", "PIDs", "au", 1, (uint32_t)getpid());
}

/* Whom systemd tells that the scope is to stop. Without a name to send to it would signal every process at
 * once; we see the stop by ourselves, so let that signal be one that harms nobody. */
static int append_controller(sd_bus_message *m, const struct systemd_link *link)
{
    const char *name;
    if (!link->broker)
        return sd.bus_message_append(m, "(sv)", "KillSignal", "i", SIGCONT);
    int r = sd.bus_get_unique_name(link->bus, &name);
    return r < 0 ? r : sd.bus_message_append(m, "(sv)", "Controller", "s", name);
}

static int append_properties(sd_bus_message *m, struct scope *scope)
{
    struct systemd_link *link = scope->systemd;

    int r = sd.bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", scope->description, "Slice",
                                  "s", scope->slice, "Delegate", "b", 1, "CollectMode", "s",
                                  "inactive-or-failed", "TimeoutStopUSec", "t", scope->stop_timeout);
    if (r >= 0)
        r = append_self(m, link);
    if (r >= 0)
        r = append_controller(m, link);
    if (r >= 0 && !link->without[OPTIONAL_OOMPOLICY])
        r = sd.bus_message_append(m, "(sv)", "OOMPolicy", "s", "continue");
    for (size_t i = 0; r >= 0 && i < scope->n_properties; i++)
        r = append_property(m, &scope->properties[i]);
    return r;
}

static int send_request(struct scope *scope)
{
    struct systemd_link *link = scope->systemd;
    _cleanup_bus_message_ sd_bus_message *m = NULL;

    int r = sd.bus_message_new_method_call(link->bus, &m, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE,
                                           "StartTransientUnit");
    if (r >= 0)
        r = sd.bus_message_append(m, "ss", scope->unit, "fail");
    if (r >= 0)
        r = sd.bus_message_open_container(m, 'a', "(sv)");
    if (r >= 0)
        r = append_properties(m, scope);
    if (r >= 0)
        r = sd.bus_message_close_container(m);
    if (r >= 0)
        r = sd.bus_message_append(m, "a(sa(sv))", 0);
    if (r < 0)
        return r;

    link->answered = false;
    cleanup_bus_error(&link->refusal);
    link->refusal = (sd_bus_error)SD_BUS_ERROR_NULL;
    free(TAKE_PTR(link->job));
    free(TAKE_PTR(link->finished_job));
    cleanup_bus_slot(&link->call);
    link->call = NULL;
    scope->moved = true;
    r = sd.bus_call_async(link->bus, &link->call, m, on_answer, link, USEC_INFINITY);
    return MIN(r, 0);
}

static int install_matches(struct scope *scope, usec_t deadline)
{
    struct systemd_link *link = scope->systemd;
    const char *sender = link->broker ? MANAGER_NAME : NULL; /* messages of a private socket name nobody */

    int r = sd.bus_set_method_call_timeout(link->bus, bus_remaining(deadline));
    if (r >= 0)
        r = sd.bus_match_signal(link->bus, &link->job_removed, sender, MANAGER_PATH, MANAGER_INTERFACE,
                                "JobRemoved", on_job_removed, scope);
    if (r >= 0)
        r = sd.bus_match_signal_async(link->bus, &link->request_stop, sender, link->path, SCOPE_INTERFACE,
                                      "RequestStop", on_request_stop, NULL, link);
    return r;
}

int scope_systemd_request(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = calloc(1, sizeof(*link));
    if (!link)
        return -ENOMEM;
    scope->systemd = link;
    int r = bus_open_manager(scope->user, deadline, &link->bus, &link->broker, failure);
    if (r >= 0)
        r = sd.bus_path_encode(MANAGER_PATH "/unit", scope->unit, &link->path);
    if (r >= 0)
        r = install_matches(scope, deadline);
    if (r >= 0)
        r = send_request(scope);
    return r < 0 ? fail(failure, r, "scope %s: systemd cannot be asked for it: %s", scope->unit, strerror(-r))
                 : 0;
}

static bool is_complete(const struct systemd_link *link)
{
    return link->answered && (!link->job || (link->finished_job && streq(link->job, link->finished_job)));
}

static int wait_for_job(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = scope->systemd;
    int r = 0;

    while (r >= 0 && !is_complete(link))
        r = bus_turn(link->bus, deadline);
    if (r == -ETIMEDOUT)
        return fail(failure, r, "scope %s: systemd %s in time: see systemctl list-jobs", scope->unit,
                    link->answered ? "did not finish the start job" : "did not answer");
    return r < 0
               ? fail(failure, r, "scope %s: the connection to systemd broke: %s", scope->unit, strerror(-r))
               : 0;
}

static int fail_refusal(const struct scope *scope, struct failure *failure)
{
    const sd_bus_error *refusal = &scope->systemd->refusal;
    int error = sd.bus_error_get_errno(refusal);
    return fail(failure, error > 0 ? -error : -EIO, "scope %s: systemd refused it: %s (%s)", scope->unit,
                refusal->message ?: "no reason given", refusal->name);
}

/* A property that this manager is too old for. */
static int cure_property(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = scope->systemd;
    for (unsigned i = 0; i < OPTIONAL_MAX; i++)
        if (!link->without[i] && link->refusal.message && strstr(link->refusal.message, optional_names[i])) {
            link->without[i] = true;
            return send_request(scope);
        }
    return fail_refusal(scope, failure);
}

static int get_string(struct systemd_link *link, const char *interface, const char *name, usec_t deadline,
                      char **ret)
{
    _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = sd.bus_set_method_call_timeout(link->bus, bus_remaining(deadline));
    return r < 0 ? r
                 : sd.bus_get_property_string(link->bus, MANAGER_NAME, link->path, interface, name, &error,
                                              ret);
}

static int reset_failed(struct scope *scope, usec_t deadline)
{
    struct systemd_link *link = scope->systemd;
    _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

    link->reset = true;
    int r = sd.bus_set_method_call_timeout(link->bus, bus_remaining(deadline));
    return r < 0 ? r
                 : sd.bus_call_method(link->bus, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE,
                                      "ResetFailedUnit", &error, NULL, "s", scope->unit);
}

static bool unit_is_populated(struct systemd_link *link, usec_t deadline)
{
    _cleanup_free_ char *cgroup = NULL;
    _cleanup_close_ int fd = -EBADF;
    return get_string(link, SCOPE_INTERFACE, "ControlGroup", deadline, &cgroup) >= 0 && *cgroup &&
           scope_open_cgroup(cgroup, &fd) >= 0 && cgroup_is_populated(fd);
}

static int pause_for(struct systemd_link *link, usec_t deadline)
{
    usec_t end = usec_add(now_monotonic(), POLL_INTERVAL);
    int r = 0;
    while (r >= 0)
        r = bus_turn(link->bus, MIN(end, deadline));
    return r == -ETIMEDOUT && now_monotonic() < deadline ? 0 : r;
}

/* The name is taken: by a leftover, by a container that is dying, or by one that lives. Returns 0 when it is
 * worth to ask again. */
static int make_room(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = scope->systemd;

    if (link->patience == 0)
        link->patience = usec_add(now_monotonic(), DYING_TIMEOUT);
    for (;;) {
        _cleanup_free_ char *state = NULL;
        int r = get_string(link, UNIT_INTERFACE, "ActiveState", deadline, &state);
        if (r < 0)
            return r;
        if (streq(state, "failed"))
            return link->reset ? fail_refusal(scope, failure) : reset_failed(scope, deadline);
        bool live = !streq(state, "inactive") && !streq(state, "deactivating");
        if (live && now_monotonic() >= link->patience && unit_is_populated(link, deadline))
            return fail(failure, -EBUSY,
                        "scope %s is %s: a container of this name is running: see systemctl %sstatus %s",
                        scope->unit, state, scope->user ? "--user " : "", scope->unit);
        r = pause_for(link, deadline);
        if (r == -ETIMEDOUT)
            return fail(failure, r, "scope %s is still %s, the name does not come free", scope->unit, state);
        if (r < 0 || streq(state, "inactive"))
            return r;
    }
}

static int cure_name(struct scope *scope, usec_t deadline, struct failure *failure)
{
    int r = make_room(scope, deadline, failure);
    return r < 0 ? r : send_request(scope);
}

static int cure_refusal(struct scope *scope, usec_t deadline, struct failure *failure)
{
    static const struct {
        const char *name;
        int (*cure)(struct scope *scope, usec_t deadline, struct failure *failure);
    } cures[] = {
        {"org.freedesktop.DBus.Error.PropertyReadOnly", cure_property},
        {"org.freedesktop.DBus.Error.UnknownProperty", cure_property},
        {"org.freedesktop.systemd1.UnitExists", cure_name},
    };
    FOREACH_ARRAY (row, cures, ELEMENTSOF(cures))
        if (sd.bus_error_has_name(&scope->systemd->refusal, row->name))
            return row->cure(scope, deadline, failure);
    return fail_refusal(scope, failure);
}

/* "done" does not promise that the process was moved, or that the unit stayed: it can be taken for empty and
 * end at once while the process runs in its group. 1: it really runs, 0: ask again. */
static int check_started(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = scope->systemd;
    _cleanup_free_ char *state = NULL, *cgroup = NULL, *tail = xasprintf("/%s", scope->unit);

    if (!tail)
        return -ENOMEM;
    if (!streq(link->result, "done"))
        return fail(failure, -EIO, "scope %s: its start job ended as \"%s\": see journalctl %s-u %s",
                    scope->unit, link->result, scope->user ? "--user " : "", scope->unit);
    int r = cgroup_of_pid(0, &cgroup);
    if (r >= 0)
        r = get_string(link, UNIT_INTERFACE, "ActiveState", deadline, &state);
    if (r < 0)
        return r;
    if (endswith(cgroup, tail) && streq(state, "active")) {
        scope->cgroup = TAKE_PTR(cgroup);
        return 1;
    }
    if (link->restarted)
        return fail(failure, -EIO, "scope %s: systemd started it, but it is %s and this process is in %s",
                    scope->unit, state, cgroup);
    link->restarted = true;
    return send_request(scope);
}

static void drop_slots(struct systemd_link *link)
{
    cleanup_bus_slot(&link->call);
    cleanup_bus_slot(&link->job_removed);
    cleanup_bus_slot(&link->request_stop);
    link->call = link->job_removed = link->request_stop = NULL;
}

static void disconnect(struct systemd_link *link)
{
    drop_slots(link);
    cleanup_bus(&link->bus);
    link->bus = NULL;
}

/* Makes the manager's own socket the place where we hear of a stop: the connection that there is, or a new
 * one instead of that to the broker. A new one is there before the old one goes, so that they differ in
 * number. */
static int watch_unit(struct scope *scope)
{
    struct systemd_link *link = scope->systemd;
    sd_bus *own = NULL;

    drop_slots(link);
    if (!link->broker)
        own = TAKE_PTR(link->bus);
    int r = unit_watch_new(scope->user, link->path, own, &link->watch);
    disconnect(link);
    return r;
}

int scope_systemd_enter(struct scope *scope, usec_t deadline, struct failure *failure)
{
    struct systemd_link *link = scope->systemd;
    int r = 0;

    while (r == 0) {
        r = wait_for_job(scope, deadline, failure);
        if (r >= 0)
            r = link->job ? check_started(scope, deadline, failure) : cure_refusal(scope, deadline, failure);
    }
    if (r < 0)
        return r;
    if (!link->broker) {
        r = watch_unit(scope);
        if (r < 0)
            return r;
    }
    return cgroup_make(scope->mount_fd, scope->cgroup, &scope->fd);
}

int scope_systemd_watch_fd(const struct scope *scope)
{
    const struct systemd_link *link = scope->systemd;

    if (link && link->watch)
        return unit_watch_fd(link->watch);
    int fd = link && link->bus ? sd.bus_get_fd(link->bus) : -EBADF;
    return fd < 0 ? -EBADF : fd;
}

int scope_systemd_process(struct scope *scope)
{
    struct systemd_link *link = scope->systemd;
    int r = link && link->bus ? 1 : 0;

    if (!link)
        return 0;
    while (r > 0)
        r = sd.bus_process(link->bus, NULL);
    if (r < 0)
        (void)watch_unit(scope); /* without the memory for it, only the order to stop is missed */
    bool stop = link->stop_requested;
    link->stop_requested = false;
    return (link->watch && unit_watch_process(link->watch)) || stop;
}

sd_bus *scope_systemd_system_bus(const struct scope *scope)
{
    const struct systemd_link *link = scope->systemd;
    return link && link->broker && !scope->user ? link->bus : NULL;
}

void scope_systemd_free(struct scope *scope)
{
    struct systemd_link *link = scope->systemd;

    /* The connection is the parent's: a child that writes to it would break its stream. */
    if (!link || scope->owner != getpid())
        return;
    disconnect(link);
    unit_watch_free(link->watch);
    cleanup_bus_error(&link->refusal);
    free(link->path);
    free(link->job);
    free(link->finished_job);
    free(link->result);
    free(link);
    scope->systemd = NULL;
}

#else

int scope_systemd_request(struct scope *scope, usec_t deadline, struct failure *failure)
{
    return fail(failure, -EOPNOTSUPP, "this berth was built without systemd: use --cgroup-manager=cgroupfs");
}

int scope_systemd_enter(struct scope *scope, usec_t deadline, struct failure *failure)
{
    return -EOPNOTSUPP;
}

int scope_systemd_watch_fd(const struct scope *scope)
{
    return -EBADF;
}

int scope_systemd_process(struct scope *scope)
{
    return 0;
}

void scope_systemd_free(struct scope *scope)
{
}

#endif
