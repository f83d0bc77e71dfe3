/* libsystemd, loaded by the runs that need it, and connections that never hang: sd-bus(3). Private to the
 * scope. */
#pragma once

#include "launcher/scope-private.h"

#if HAVE_SYSTEMD

#include <systemd/sd-bus.h>

/* org.freedesktop.systemd1(5) */
#define MANAGER_NAME      "org.freedesktop.systemd1"
#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE    "org.freedesktop.systemd1.Unit"
#define SCOPE_INTERFACE   "org.freedesktop.systemd1.Scope"

/* Every function that berth takes from the library, without its sd_. */
#define BUS_FUNCTIONS(_)                                                                                     \
    _(bus_new)                                                                                               \
    _(bus_set_address)                                                                                       \
    _(bus_set_bus_client)                                                                                    \
    _(bus_set_method_call_timeout)                                                                           \
    _(bus_start)                                                                                             \
    _(bus_is_ready)                                                                                          \
    _(bus_process)                                                                                           \
    _(bus_wait)                                                                                              \
    _(bus_get_fd)                                                                                            \
    _(bus_get_unique_name)                                                                                   \
    _(bus_close_unref)                                                                                       \
    _(bus_call)                                                                                              \
    _(bus_call_async)                                                                                        \
    _(bus_call_method)                                                                                       \
    _(bus_get_property_string)                                                                               \
    _(bus_match_signal)                                                                                      \
    _(bus_match_signal_async)                                                                                \
    _(bus_path_encode)                                                                                       \
    _(bus_slot_unref)                                                                                        \
    _(bus_message_new_method_call)                                                                           \
    _(bus_message_append)                                                                                    \
    _(bus_message_append_array)                                                                              \
    _(bus_message_append_strv)                                                                               \
    _(bus_message_open_container)                                                                            \
    _(bus_message_close_container)                                                                           \
    _(bus_message_read)                                                                                      \
    _(bus_message_is_method_error)                                                                           \
    _(bus_message_get_error)                                                                                 \
    _(bus_message_unref)                                                                                     \
    _(bus_error_copy)                                                                                        \
    _(bus_error_free)                                                                                        \
    _(bus_error_get_errno)                                                                                   \
    _(bus_error_has_name)

struct bus_api {
#define BUS_POINTER(name) typeof(sd_##name) *name;
    BUS_FUNCTIONS(BUS_POINTER)
#undef BUS_POINTER
};

/* The library's functions; empty before bus_load(). */
extern struct bus_api sd;

static inline void cleanup_bus(sd_bus **bus)
{
    if (*bus)
        sd.bus_close_unref(*bus);
}
static inline void cleanup_bus_message(sd_bus_message **message)
{
    if (*message)
        sd.bus_message_unref(*message);
}
static inline void cleanup_bus_slot(sd_bus_slot **slot)
{
    if (*slot)
        sd.bus_slot_unref(*slot);
}
static inline void cleanup_bus_error(sd_bus_error *error)
{
    if (error->name)
        sd.bus_error_free(error);
}

#define _cleanup_bus_         _cleanup_(cleanup_bus)
#define _cleanup_bus_message_ _cleanup_(cleanup_bus_message)
#define _cleanup_bus_slot_    _cleanup_(cleanup_bus_slot)
#define _cleanup_bus_error_   _cleanup_(cleanup_bus_error)

/* dlopen(3), once. -EOPNOTSUPP without the library. */
int bus_load(struct failure *failure);
/* Connects and waits until messages can be sent. broker: there is a D-Bus daemon, which says Hello and gives
 * us a name; otherwise the peer is the manager itself. -ETIMEDOUT at the deadline. */
int bus_open(const char *address, bool broker, usec_t deadline, sd_bus **ret);
/* The bus of the manager: the user's, or the system's (never that for a user); without a broker the manager's
 * own socket. */
int bus_open_manager(bool user, usec_t deadline, sd_bus **ret, bool *ret_broker, struct failure *failure);
/* Begins to connect to the manager's own socket and waits for nothing: messages sent before it answers are
 * queued. */
int bus_start_private(bool user, sd_bus **ret);
/* Handles one message, or waits for one; -ETIMEDOUT at the deadline. */
int bus_turn(sd_bus *bus, usec_t deadline);
/* What is left until the deadline, as sd_bus_call(3) wants it: never 0, which it takes for its own default.
 */
usec_t bus_remaining(usec_t deadline);

/* The connection on which machined can be asked; NULL when there is none. */
sd_bus *scope_systemd_system_bus(const struct scope *scope);

#endif
