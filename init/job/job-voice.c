#include "init/job/job-voice.h"
#include "berth/exit-codes.h"
#include "common/log.h"
#include "common/signals.h"
#include <errno.h>
void job_tell(const struct job_options *options, const struct job_event *event)
{
    if (event->kind == JOB_EVENT_EXEC_FAILED)
        job_child_log_failure(options, event->failure);
    else
        log_debug("event %d pid %d signal %d status %d", event->kind, event->pid, event->signal,
                  event->status);
}
int job_exec_status(const struct job_options *options, const struct child_failure *failure)
{
    if (failure->step != CHILD_EXEC)
        return EXIT_BERTH_FAILED;
    bool missing = failure->error == ENOENT && !failure->interpreter_missing;
    return missing ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}
int job_pause(const struct job_options *options)
{
    return 0;
}
