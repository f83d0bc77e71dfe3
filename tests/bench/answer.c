/* Answers each SIGUSR1 with a byte on standard output; says when it can take them. */
#include <err.h>
#include <signal.h>
#include <unistd.h>

static void answer(char byte)
{
    if (write(STDOUT_FILENO, &byte, 1) != 1)
        err(1, "write");
}

int main(void)
{
    sigset_t set;
    int number;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    answer('r');
    while (sigwait(&set, &number) == 0)
        answer('a');
    return 1;
}
