/* Namespaces that are joined instead of made, and the offsets of a time namespace. namespaces(7). */
#pragma once

#include "launcher/container.h"
#include "launcher/options.h"

/* private|host|PATH|PID; the detail is a struct namespace_option. */
struct namespace_option {
    enum namespace_kind kind;
    size_t shared; /* offset of the bool that is set when none of its own is made */
};
int option_namespace(const struct option_spec *spec, void *target, const char *value,
                     struct failure *failure);
/* The same for --time=, whose default is the host's; --network= and --userns= have their own words beside it.
 */
int option_time(const struct option_spec *spec, void *target, const char *value, struct failure *failure);
int option_time_offset(const struct option_spec *spec, void *target, const char *value,
                       struct failure *failure);
/* "PATH" or "PID" into config->joined; -EINVAL, without a failure, when it is neither. */
int namespace_join(struct container_config *config, enum namespace_kind kind, const char *value);

/* Takes an earlier choice back: the last one counts. */
void namespace_forget(struct container_config *config, enum namespace_kind kind);

/* Whether there is one to join. */
bool namespaces_are_joined(const struct container_config *config);
/* The host's side: opens them; what is no namespace of the kind is refused. */
int namespaces_open(struct container *container, struct failure *failure);
void namespaces_close(struct container *container);
/* In a process between the monitor and the container: enters them all. A pid namespace is that of its
 * children. */
int namespaces_enter(const struct container *container, struct failure *failure);
/* The container's side, while /proc/self is still its own to write: a time namespace with its offsets. */
int namespaces_make_time(const struct container *container, struct failure *failure);
