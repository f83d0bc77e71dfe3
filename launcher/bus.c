/* libsystemd by dlopen(3): loading it costs more than a container, so only runs that speak with systemd pay.
 */
#include "launcher/bus.h"

#if HAVE_SYSTEMD

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"

#define LIBRARY "libsystemd.so.0"

struct bus_api sd;

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define BUS_ROW(name) {"sd_" #name, offsetof(struct bus_api, name)},
    BUS_FUNCTIONS(BUS_ROW)
#undef BUS_ROW
};

int bus_load(struct failure *failure)
{
    static bool loaded;
    if (loaded)
        return 0;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return fail(failure, -EOPNOTSUPP, "%s: install libsystemd0, or use --cgroup-manager=cgroupfs",
                    dlerror());
    FOREACH_ARRAY (function, functions, ELEMENTSOF(functions)) {
        void *address = dlsym(library, function->name);
        if (!address) {
            (void)dlclose(library);
            return fail(failure, -EOPNOTSUPP,
                        LIBRARY " is too old, it has no %s: use --cgroup-manager=cgroupfs", function->name);
        }
        memcpy((char *)&sd + function->offset, &address, sizeof(address));
    }
    loaded = true;
    return 0;
}

usec_t bus_remaining(usec_t deadline)
{
    usec_t now = now_monotonic();
    return deadline == USEC_INFINITY ? USEC_INFINITY : deadline > now ? deadline - now : 1;
}

int bus_turn(sd_bus *bus, usec_t deadline)
{
    int r = sd.bus_process(bus, NULL);
    if (r != 0)
        return MIN(r, 0);
    if (now_monotonic() >= deadline)
        return -ETIMEDOUT;
    r = sd.bus_wait(bus, bus_remaining(deadline));
    return r == -EINTR ? 0 : MIN(r, 0);
}

static int start_connection(const char *address, bool broker, sd_bus **ret)
{
    _cleanup_bus_ sd_bus *bus = NULL;

    int r = sd.bus_new(&bus);
    if (r >= 0)
        r = sd.bus_set_address(bus, address);
    if (r >= 0)
        r = sd.bus_set_bus_client(bus, broker);
    if (r >= 0)
        r = sd.bus_start(bus);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(bus);
    return 0;
}

int bus_open(const char *address, bool broker, usec_t deadline, sd_bus **ret)
{
    _cleanup_bus_ sd_bus *bus = NULL;

    int r = start_connection(address, broker, &bus);
    /* Authentication and Hello happen here and not in the first call, which would wait for them without a
     * deadline. */
    while (r >= 0 && (r = sd.bus_is_ready(bus)) == 0)
        r = bus_turn(bus, deadline);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(bus);
    return 0;
}

/* "unix:path=" with what is special in an address as %XX. */
static char *unix_address(const char *path)
{
    char *address = malloc(sizeof("unix:path=") + 3 * strlen(path));
    if (!address)
        return NULL;
    char *end = stpcpy(address, "unix:path=");
    for (; *path; path++)
        if (isalnum((unsigned char)*path) || strchr("-_/.", *path))
            *end++ = *path;
        else
            end += sprintf(end, "%%%02x", (unsigned char)*path);
    *end = '\0';
    return address;
}

static char *broker_address(bool user)
{
    const char *address = getenv(user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
    if (address && *address)
        return strdup(address);
    if (!user)
        return strdup("unix:path=/run/dbus/system_bus_socket");
    _cleanup_free_ char *path = user_runtime_path("bus");
    return path ? unix_address(path) : NULL;
}

static char *private_address(bool user)
{
    if (!user)
        return strdup("unix:path=/run/systemd/private");
    _cleanup_free_ char *path = user_runtime_path("systemd/private");
    return path ? unix_address(path) : NULL;
}

int bus_start_private(bool user, sd_bus **ret)
{
    _cleanup_free_ char *address = private_address(user);
    return address ? start_connection(address, false, ret) : -ENOMEM;
}

static int fail_open(int error, const char *address, bool user, struct failure *failure)
{
    if (error == -ETIMEDOUT)
        return fail(
            failure, error,
            "systemd cannot be reached: the bus at %s takes connections and does not answer: see systemctl "
            "%sstatus dbus, or use --cgroup-manager=cgroupfs",
            address, user ? "--user " : "");
    return fail(failure, error, "systemd cannot be reached at %s: %s: %s", address, strerror(-error),
                user ? "install dbus-user-session and log in, or loginctl enable-linger"
                     : "is it running? --cgroup-manager=cgroupfs works without");
}

int bus_open_manager(bool user, usec_t deadline, sd_bus **ret, bool *ret_broker, struct failure *failure)
{
    _cleanup_free_ char *broker = broker_address(user), *private = private_address(user);

    if (!broker || !private)
        return -ENOMEM;
    int r = bus_load(failure);
    if (r < 0)
        return r;
    *ret_broker = true;
    r = bus_open(broker, true, deadline, ret);
    if (r != -ENOENT && r != -ECONNREFUSED)
        return r < 0 ? fail_open(r, broker, user, failure) : 0;
    /* No broker: the manager listens itself, but gives out no names. */
    *ret_broker = false;
    r = bus_open(private, false, deadline, ret);
    return r < 0 ? fail_open(r, private, user, failure) : 0;
}

#endif
