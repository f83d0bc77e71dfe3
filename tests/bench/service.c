/* A service that costs nothing: tells its start (CLOCK_MONOTONIC at its first instruction) and then sleeps.
 * The FIFO is found by a fixed path, as some supervisors pass neither arguments nor an environment. No
 * start-up code of a libc is in between, and no dynamic loader. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STARTS "/run/bench/starts"

void _start(void);

void _start(void)
{
    struct timespec now;

    (void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    long fd = syscall(SYS_openat, AT_FDCWD, STARTS, O_WRONLY);
    (void)syscall(SYS_write, fd, &now, sizeof(now));
    (void)syscall(SYS_close, fd);
    for (;;)
        (void)syscall(SYS_ppoll, NULL, 0, NULL, NULL, 8);
}
