/* A unit watched over the manager's own socket, which outlives the broker.
 *
 * systemd asks the Controller of a scope to stop it, by its name on the bus. After a restart of the broker it
 * keeps that name, which is nobody's any more, and there is no way to give it another. But on its own socket
 * the manager tells every change of every unit to everybody. So each change of ours is a reason to look at
 * its state, and so is each new connection, for what happened before it.
 *
 * Nothing here waits: connection, question and answer go on as the descriptor becomes readable. A manager
 * that does not answer is one that stops nothing either. */
#include "launcher/scope-watch.h"

#if HAVE_SYSTEMD

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "common/text.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* Between two attempts to connect: systemd is away for a moment when it executes itself anew. */
#define PAUSE_MIN (100 * USEC_PER_MSEC)
#define PAUSE_MAX (10 * USEC_PER_SEC)

struct unit_watch {
    bool user;
    char *path;
    sd_bus *bus; /* NULL: the timer runs until the next attempt */
    int timer_fd;
    usec_t pause; /* before the next attempt */
    bool looking; /* a question is under way */
    bool look_again;
    bool stopping;
};

static int look(struct unit_watch *watch);

static int on_state(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct unit_watch *watch = userdata;
    const char *state;

    watch->looking = false;
    /* An error is a unit that is gone, or a connection that is. */
    if (!sd.bus_message_is_method_error(message, NULL) &&
        sd.bus_message_read(message, "v", "s", &state) >= 0) {
        watch->pause = PAUSE_MIN;
        if (streq(state, "deactivating"))
            watch->stopping = true;
    }
    return watch->look_again ? look(watch) : 0;
}

/* One question at a time, however much changes meanwhile. */
static int look(struct unit_watch *watch)
{
    _cleanup_bus_message_ sd_bus_message *m = NULL;

    watch->look_again = watch->looking;
    if (watch->looking)
        return 0;
    int r = sd.bus_message_new_method_call(watch->bus, &m, MANAGER_NAME, watch->path, PROPERTIES_INTERFACE,
                                           "Get");
    if (r >= 0)
        r = sd.bus_message_append(m, "ss", UNIT_INTERFACE, "ActiveState");
    if (r >= 0)
        r = sd.bus_call_async(watch->bus, NULL, m, on_state, watch, USEC_INFINITY);
    watch->looking = r >= 0;
    return MIN(r, 0);
}

static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    return look(userdata);
}

static int attach(struct unit_watch *watch)
{
    watch->looking = watch->look_again = false;
    int r = sd.bus_match_signal(watch->bus, NULL, NULL, watch->path, PROPERTIES_INTERFACE,
                                "PropertiesChanged", on_change, watch);
    return r < 0 ? r : look(watch);
}

static int reconnect(struct unit_watch *watch)
{
    int r = bus_start_private(watch->user, &watch->bus);
    return r < 0 ? r : attach(watch);
}

static void disconnect(struct unit_watch *watch)
{
    struct itimerspec spec = {
        .it_value.tv_sec = (time_t)(watch->pause / USEC_PER_SEC),
        .it_value.tv_nsec = (long)(watch->pause % USEC_PER_SEC * NSEC_PER_USEC),
    };
    cleanup_bus(&watch->bus);
    watch->bus = NULL;
    (void)timerfd_settime(watch->timer_fd, 0, &spec, NULL);
    watch->pause = MIN(2 * watch->pause, PAUSE_MAX);
}

static void cleanup_unit_watch(struct unit_watch **watch)
{
    unit_watch_free(*watch);
}

int unit_watch_new(bool user, const char *path, sd_bus *bus, struct unit_watch **ret)
{
    _cleanup_bus_ sd_bus *given = bus;
    _cleanup_(cleanup_unit_watch) struct unit_watch *watch = malloc(sizeof(*watch));

    if (!watch)
        return -ENOMEM;
    *watch = (struct unit_watch){
        .user = user,
        .path = strdup(path),
        .bus = TAKE_PTR(given),
        .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
        .pause = PAUSE_MIN,
    };
    if (watch->timer_fd < 0)
        return -errno;
    if (!watch->path)
        return -ENOMEM;
    if ((watch->bus ? attach(watch) : reconnect(watch)) < 0)
        disconnect(watch);
    *ret = TAKE_PTR(watch);
    return 0;
}

struct unit_watch *unit_watch_free(struct unit_watch *watch)
{
    if (!watch)
        return NULL;
    cleanup_bus(&watch->bus);
    close_fd(watch->timer_fd);
    free(watch->path);
    free(watch);
    return NULL;
}

int unit_watch_fd(const struct unit_watch *watch)
{
    int fd = watch->bus ? sd.bus_get_fd(watch->bus) : watch->timer_fd;
    return fd < 0 ? -EBADF : fd;
}

bool unit_watch_process(struct unit_watch *watch)
{
    uint64_t expirations;
    int r = 1;

    if (!watch->bus) {
        if (read(watch->timer_fd, &expirations, sizeof(expirations)) != sizeof(expirations))
            return false;
        r = reconnect(watch) < 0 ? -ENOTCONN : 1;
    }
    while (r > 0)
        r = sd.bus_process(watch->bus, NULL);
    if (r < 0)
        disconnect(watch);
    bool stopping = watch->stopping;
    watch->stopping = false;
    return stopping;
}

#endif
