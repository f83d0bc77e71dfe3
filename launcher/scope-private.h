/* What the files of the scope share: scope.c leads, scope-systemd.c or scope-cgroupfs.c makes the group,
 * scope-properties.c knows the limits and scope-verify.c reads them back. Nobody else includes it. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "launcher/scope.h"

struct scope_property;

/* How a limit looks in its cgroup file. */
struct attribute_format {
    char *(*to_text)(const struct scope_property *property); /* for write(2); NULL without memory */
    bool (*matches)(const struct scope_property *property, const char *found);
};

/* One property that a scope may have: systemd.resource-control(5), systemd.scope(5), systemd.kill(5),
 * systemd.unit(5). */
struct scope_property_type {
    const char *name;      /* in unit files and on the command line */
    const char *bus_name;  /* in org.freedesktop.systemd1(5); NULL: refused, and signature says why */
    const char *signature; /* of the value on the bus */
    int (*parse)(const char *value, struct scope_property *property);
    const char *attribute; /* the cgroup file it ends in; NULL: nothing to read back */
    const struct attribute_format *format;
};

/* One that was asked for. Owns text and mask. */
struct scope_property {
    const struct scope_property_type *type;
    uint64_t number;
    char *text;
    uint8_t *mask; /* CPU N is bit N % 8 of byte N / 8 */
    size_t mask_size;
};

struct systemd_link;

struct scope {
    enum cgroup_manager manager;
    pid_t owner; /* the process that requested it: a child must not speak on its bus connection */
    bool user;
    char *unit;
    char *slice;
    char *description;
    usec_t stop_timeout;
    struct scope_property *properties;
    size_t n_properties;

    char *mount; /* where cgroup v2 is mounted, and its descriptor */
    int mount_fd;
    int origin_fd; /* the group this process came from */
    bool moved;    /* or may be, at any moment */
    bool registered;
    char *cgroup;
    int fd;
    int supervisor_fd; /* until we are in it */
    int payload_fd;

    struct systemd_link *systemd; /* NULL without systemd */
};

/* Limits and "NAME=VALUE" texts as properties; a later one replaces an earlier one of that name. */
int scope_properties_make(const struct limits *limits, char *const *assignments, struct scope_property **ret,
                          size_t *ret_n, struct failure *failure);
struct scope_property *scope_properties_free(struct scope_property *properties, size_t n);
/* The controller behind an attribute: "memory" of "memory.max". */
#define CONTROLLER_NAME_MAX 16
const char *controller_of(char buffer[static CONTROLLER_NAME_MAX], const char *attribute);
/* "0-3,8" (blanks separate too) as a mask, and back. */
int parse_cpu_list(const char *text, uint8_t **ret, size_t *ret_size);
char *format_cpu_list(const uint8_t *mask, size_t size);

extern const struct attribute_format format_bytes;
extern const struct attribute_format format_count;
extern const struct attribute_format format_cpu_max;
extern const struct attribute_format format_default_weight;
extern const struct attribute_format format_cpus;

/* Reads every limit that was asked for back from the scope's files. */
int scope_verify(const struct scope *scope, struct failure *failure);
/* Why a controller is not there and what to do about it, as the end of a sentence. */
char *explain_missing_controller(const char *controller, bool user);

/* A path below $XDG_RUNTIME_DIR; NULL without memory. */
char *user_runtime_path(const char *name);

/* Checks without leaving a trace; then makes the group, opens scope->fd and sets scope->cgroup. */
int scope_cgroupfs_request(struct scope *scope, struct failure *failure);
int scope_cgroupfs_enter(struct scope *scope, usec_t deadline, struct failure *failure);
void scope_cgroupfs_remove(struct scope *scope, usec_t deadline);
/* "a-b.slice" is "a.slice/a-b.slice", "-.slice" is "": systemd.slice(5). -EINVAL when it is no slice's name.
 */
int slice_to_path(const char *slice, char **ret);

/* -EOPNOTSUPP when this berth was built without systemd, or libsystemd is not installed. */
int scope_systemd_request(struct scope *scope, usec_t deadline, struct failure *failure);
int scope_systemd_enter(struct scope *scope, usec_t deadline, struct failure *failure);
int scope_systemd_watch_fd(const struct scope *scope);
int scope_systemd_process(struct scope *scope);
void scope_systemd_free(struct scope *scope);
