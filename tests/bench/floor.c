/* The least that a container can cost: namespaces, an overlay root, pivot_root, exec, wait. No /proc, /dev,
 * control group, capability or filter, and no PID 1 but the command. Usage: floor ROOT COMMAND [ARG...] */
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/syscalls.h"

#define STAGE "/tmp" /* any directory: it is covered in the new mount namespace only */

static void make_root(const char *root)
{
    char options[4096];
    if ((size_t)snprintf(options, sizeof(options),
                         "lowerdir=%s,upperdir=" STAGE "/upper,workdir=" STAGE "/work",
                         root) >= sizeof(options))
        errx(1, "%s: too long", root);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", STAGE, "tmpfs", 0, NULL) < 0)
        err(1, "stage on " STAGE);
    if (mkdir(STAGE "/upper", 0755) < 0 || mkdir(STAGE "/work", 0755) < 0 || mkdir(STAGE "/root", 0755) < 0)
        err(1, "directories of the stage");
    if (mount("overlay", STAGE "/root", "overlay", 0, options) < 0)
        err(1, "overlay on %s", root);
    if (chdir(STAGE "/root") < 0 || sys_pivot_root(".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        err(1, "pivot_root");
}

int main(int argc, char **argv)
{
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP,
        .exit_signal = SIGCHLD,
    };
    int status;

    if (argc < 3)
        errx(1, "usage: floor ROOT COMMAND [ARG...]");
    pid_t pid = sys_clone3(&args, sizeof(args));
    if (pid < 0)
        err(1, "clone3");
    if (pid == 0) {
        make_root(argv[1]);
        execv(argv[2], argv + 2);
        err(127, "%s", argv[2]);
    }
    if (waitpid(pid, &status, 0) < 0)
        err(1, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
