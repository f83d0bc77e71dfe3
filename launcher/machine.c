/* The container in machined's list, so that machinectl(1) knows it: org.freedesktop.machine1(5). */
#include "launcher/bus.h"

#include <errno.h>
#include <string.h>

#include "common/cleanup.h"

#if HAVE_SYSTEMD

#define MACHINED_NAME      "org.freedesktop.machine1"
#define MACHINED_PATH      "/org/freedesktop/machine1"
#define MACHINED_INTERFACE "org.freedesktop.machine1.Manager"

static int append_machine(sd_bus_message *m, const char *name, pid_t leader, const char *root,
                          const uint8_t uuid[16])
{
    int r = sd.bus_message_append(m, "s", name);
    if (r >= 0)
        r = sd.bus_message_append_array(m, 'y', uuid, 16);
    return r < 0 ? r : sd.bus_message_append(m, "ssus", "berth", "container", (uint32_t)leader, root ?: "");
}

/* machined is not installed, masked, or cannot be started: the container runs without it. */
static bool is_absent(const sd_bus_error *error)
{
    static const char *const names[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.systemd1.UnitMasked",
        "org.freedesktop.systemd1.NoSuchUnit",
    };
    FOREACH_ARRAY (name, names, ELEMENTSOF(names))
        if (sd.bus_error_has_name(error, *name))
            return true;
    return false;
}

int scope_register_machine(struct scope *scope, const char *name, pid_t leader, const char *root,
                           const uint8_t uuid[16], usec_t deadline, struct failure *failure)
{
    _cleanup_bus_message_ sd_bus_message *m = NULL, *reply = NULL;
    _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    sd_bus *bus = scope_systemd_system_bus(scope);

    if (scope->registered)
        return fail(failure, -EALREADY, "machine %s: is registered already", name);
    if (!bus)
        return fail(failure, -EOPNOTSUPP,
                    "machine %s: machined knows only containers of root, on the system bus", name);
    int r = sd.bus_message_new_method_call(bus, &m, MACHINED_NAME, MACHINED_PATH, MACHINED_INTERFACE,
                                           "RegisterMachine");
    if (r >= 0)
        r = append_machine(m, name, leader, root, uuid);
    if (r < 0)
        return fail(failure, r, "machine %s: %s", name, strerror(-r));
    /* Whatever comes back: a second call for the same leader makes machined stop the container's unit. */
    scope->registered = true;
    r = sd.bus_call(bus, m, bus_remaining(deadline), &error, &reply);
    if (r >= 0)
        return 0;
    if (is_absent(&error))
        r = -EOPNOTSUPP;
    return fail(failure, r, "machine %s: machined did not register it: %s", name,
                error.message ?: strerror(-r));
}

#else

int scope_register_machine(struct scope *scope, const char *name, pid_t leader, const char *root,
                           const uint8_t uuid[16], usec_t deadline, struct failure *failure)
{
    return fail(failure, -EOPNOTSUPP, "machine %s: this berth was built without systemd", name);
}

#endif
