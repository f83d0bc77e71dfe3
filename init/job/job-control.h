/* The control protocol in job mode: on the launcher's socket, "status" tells of the job, all else is refused.
 */
#pragma once

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

#define JOB_CONTROL_CLIENTS 8
#define JOB_CONTROL_FDS     (1 + JOB_CONTROL_CLIENTS)

struct job_control;

/* Takes the listening socket over. NULL without memory: then nobody is served. argv stays the caller's. */
struct job_control *job_control_new(int fd, pid_t pid, char *const *argv);
struct job_control *job_control_free(struct job_control *control);
/* Fills in what to poll for and returns how many; control may be NULL. */
size_t job_control_poll(const struct job_control *control, struct pollfd fds[static JOB_CONTROL_FDS]);
/* Serves those that are ready, without waiting. */
void job_control_serve(struct job_control *control, const struct pollfd *fds, size_t n);
