/* Names and identifiers of the container. */
#include "init/platform/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/conditions-system.h"

#define HOST_TEXT_MAX 256

/* The first line of a file; without dashes, as systemd writes identifiers. NULL when it cannot be read. */
static char *read_id(const char *path)
{
    char *text = NULL, *end;

    if (read_file_at(AT_FDCWD, path, HOST_TEXT_MAX, &text, NULL) < 0)
        return NULL;
    end = text;
    for (const char *p = text; *p && *p != '\n'; p++)
        if (*p != '-')
            *end++ = *p;
    *end = 0;
    return text;
}

static char *read_release(void)
{
    char *text = NULL;

    if (read_file_at(AT_FDCWD, "/proc/sys/kernel/osrelease", HOST_TEXT_MAX, &text, NULL) < 0)
        return NULL;
    text[strcspn(text, "\n")] = 0;
    return text;
}

void host_read(struct host_texts *host, struct unit_loader *loader)
{
    char number[32];

    if (gethostname(host->hostname, sizeof(host->hostname) - 1) < 0)
        host->hostname[0] = 0;
    host->machine_id = read_id("/etc/machine-id");
    host->boot_id = read_id("/proc/sys/kernel/random/boot_id");
    host->kernel_release = read_release();
    host->os_release = host_os_release();
    (void)snprintf(number, sizeof(number), "%u", (unsigned)getuid());
    (void)credentials_of_user(number, &host->user);
    loader->host = (struct unit_host){
        .hostname = host->hostname,
        .machine_id = host->machine_id,
        .boot_id = host->boot_id,
        .user_name = host->user.user,
        .user_home = host->user.home,
        .user_shell = host->user.shell,
        .kernel_release = host->kernel_release,
        .architecture = host_architecture(),
        .os_release = host->os_release,
        .uid = getuid(),
        .gid = getgid(),
    };
}

void host_done(struct host_texts *host)
{
    free(host->machine_id);
    free(host->boot_id);
    free(host->kernel_release);
    strv_free(host->os_release);
    credentials_done(&host->user);
}
