/* The order to stop, taken from the unit itself: for a monitor that no broker can carry RequestStop to.
 * Private to the scope. */
#pragma once

#include "launcher/bus.h"

#if HAVE_SYSTEMD

struct unit_watch;

/* path: object of the unit. bus: a connection to the manager's own socket, which becomes the watch's in any
 * case; NULL: it makes one. A manager that cannot be reached is no error, it is tried again from time to
 * time. */
int unit_watch_new(bool user, const char *path, sd_bus *bus, struct unit_watch **ret);
struct unit_watch *unit_watch_free(struct unit_watch *watch);
/* Readable when unit_watch_process() has something to do; changes with every connection. */
int unit_watch_fd(const struct unit_watch *watch);
/* Never blocks. True when the unit is being stopped, which may be said more than once. */
bool unit_watch_process(struct unit_watch *watch);

#endif
