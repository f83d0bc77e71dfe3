/* What people hear of the services' lives: a line in the log for what happened, and a status upwards. */
#pragma once

#include "init/platform/platform.h"

void progress_state_changed(struct platform *platform, const struct manager_unit *unit,
                            enum service_state old);
void progress_job_finished(struct platform *platform, const struct job_report *report);
void progress_spawn_failed(struct platform *platform, const struct spawn_request *request, const char *object,
                           int error);
/* READY=1 when the boot is done, STATUS= whenever it reads differently. Cheap when nothing changed. */
void progress_update(struct platform *platform);
/* One line for each unit: SIGUSR2. */
void progress_dump(struct platform *platform);
