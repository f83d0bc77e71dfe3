/* Leaves orphans for PID 1 to reap, says "done" and stays. They die one after the other, as in a busy
 * container, or with "together" all in one instant. Before, it says "ready" and waits for a byte. Usage:
 * orphans COUNT [together] */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lives until nobody can write to the pipe any more. */
static void wait_for_end(const int end[2])
{
    char byte;

    close(end[1]);
    if (read(end[0], &byte, 1) != 0)
        err(1, "read");
}

static void leave_orphan(const int *end)
{
    pid_t parent = fork();
    if (parent < 0)
        err(1, "fork");
    if (parent == 0) {
        pid_t orphan = fork();
        if (orphan == 0 && end)
            wait_for_end(end);
        _exit(orphan < 0);
    }
    int status;
    if (waitpid(parent, &status, 0) < 0 || status != 0)
        errx(1, "no orphan");
}

static void leave_orphans(long count, const int *end)
{
    for (; count > 0; count--)
        leave_orphan(end);
}

static void say(const char *word)
{
    puts(word);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    bool together = argc == 3 && strcmp(argv[2], "together") == 0;
    int end[2];

    if (argc != 2 && !together)
        errx(1, "usage: orphans COUNT [together]");
    if (pipe(end) < 0)
        err(1, "pipe");
    long count = strtol(argv[1], NULL, 10);
    if (together)
        leave_orphans(count, end);
    say("ready");
    if (getchar() == EOF)
        errx(1, "nobody waits for orphans");
    if (together)
        close(end[1]);
    else
        leave_orphans(count, NULL);
    say("done");
    for (;;)
        pause();
}
