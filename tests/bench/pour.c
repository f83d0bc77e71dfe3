/* pour MIB: writes so many MiB a second in lines of 100 bytes. pour 0: says the time (CLOCK_MONOTONIC, in
 * nanoseconds) every ten milliseconds. For tests/bench/logs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK       10000000L /* ns */
#define PER_SECOND 100
#define LINE       100
#define MEBIBYTE   (1024 * 1024)

static void wait_for_tick(struct timespec *next)
{
    next->tv_nsec += TICK;
    if (next->tv_nsec >= 1000000000L) {
        next->tv_nsec -= 1000000000L;
        next->tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) != 0)
        ;
}

static int write_all(const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, data, size);
        if (n < 0)
            return 1;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int main(int argc, char **argv)
{
    size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 0) * MEBIBYTE / PER_SECOND / LINE * LINE;
    char *data = malloc(size + 1);
    struct timespec next;

    if (!data)
        return 1;
    memset(data, 'y', size);
    for (size_t i = LINE - 1; i < size; i += LINE)
        data[i] = '\n';
    for (clock_gettime(CLOCK_MONOTONIC, &next);; wait_for_tick(&next)) {
        char text[32];
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        int n = snprintf(text, sizeof(text), "%lld\n",
                         (long long)now.tv_sec * 1000000000LL + (long long)now.tv_nsec);
        if (size > 0 ? write_all(data, size) : write_all(text, (size_t)n))
            return 1;
    }
}
