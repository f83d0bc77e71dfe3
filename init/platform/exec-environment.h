/* The environment of a service's process: systemd.exec(5), "Environment Variables in Spawned Processes", with
 * one difference: what the container was given (docker's -e) reaches every service, unless --clean-env was.
 */
#pragma once

#include "init/platform/users.h"

struct exec_environment_source {
    char *const *container; /* PID 1's own, without what is meant for PID 1 alone */
    char *const *given;     /* what PassEnvironment= takes from, NULL: all of it is in container */
    char *const *request;   /* MAINPID, SERVICE_RESULT ..., or NULL */
    const struct unit *unit;
    const struct credentials *credentials;
    const char *invocation_id;         /* "" for none */
    const char *monitor_invocation_id; /* NULL: none */
    const char *notify_address;        /* NULL: the service has nothing to say */
};

/* A new strv. -errno with *ret_object naming the EnvironmentFile= that could not be read. */
int exec_environment(const struct exec_environment_source *source, char ***ret, const char **ret_object);
/* What of PID 1's environment is the container's; new strv. */
int container_environment(char *const *environment, char ***ret);
/* What systemd as PID 1 starts with: the PATH, and the locale of locale.conf(5); new strv. */
int clean_environment(char ***ret);
