/* Leaves orphans for PID 1 to reap: makes COUNT of them, waits for the children that made them, says "done"
 * and stays. Usage: orphans COUNT */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave_orphan(void)
{
    pid_t parent = fork();
    if (parent < 0)
        err(1, "fork");
    if (parent == 0)
        _exit(fork() < 0);
    int status;
    if (waitpid(parent, &status, 0) < 0 || status != 0)
        errx(1, "no orphan");
}

int main(int argc, char **argv)
{
    if (argc != 2)
        errx(1, "usage: orphans COUNT");
    for (long count = strtol(argv[1], NULL, 10); count > 0; count--)
        leave_orphan();
    puts("done");
    (void)fflush(stdout);
    for (;;)
        pause();
}
