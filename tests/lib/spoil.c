/* spoil: says that it is a berth-init that can take over, spoils what it is handed over as /how says, and
 * then becomes the real one. "header": not even the first line is right; "cut": half of it is missing; "noise
 * N": bytes all over it are others, chosen by N. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE_IN 100 /* bytes that are spoiled by noise */

static void spoil(char *text, size_t *size, const char *how)
{
    unsigned seed = 1;

    if (strncmp(how, "header", 6) == 0)
        memset(text, '?', *size < 10 ? *size : 10);
    else if (strncmp(how, "cut", 3) == 0)
        *size /= 2;
    else if (sscanf(how, "noise %u", &seed) == 1)
        for (size_t i = 20; i < *size; i++) {
            seed = seed * 1103515245u + 12345u;
            if (seed / 65536 % ONE_IN == 0)
                text[i] = (char)(seed >> 8);
        }
}

static int fail(const char *what)
{
    perror(what);
    return 1;
}

int main(int argc, char **argv)
{
    const char *number = getenv("BERTH_HANDOVER_FD");
    char how[64] = "";
    struct stat st;

    if (argc == 2 && strcmp(argv[1], "--handover-version") == 0)
        return puts("berth-init handover 1") < 0;
    int file = open("/how", O_RDONLY | O_CLOEXEC), old = number ? atoi(number) : -1;
    if (file < 0 || read(file, how, sizeof(how) - 1) < 0 || fstat(old, &st) < 0)
        return fail("/how");
    size_t size = (size_t)st.st_size;
    char *text = malloc(size);
    int new = memfd_create("spoiled", MFD_ALLOW_SEALING);
    if (!text || pread(old, text, size, 0) != (ssize_t)size || new < 0)
        return fail("what was handed over");
    spoil(text, &size, how);
    if (write(new, text, size) != (ssize_t)size ||
        fcntl(new, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0 ||
        dup2(new, old) < 0)
        return fail("spoiled");
    close(new);
    execv("/sbin/berth-init", argv);
    return fail("/sbin/berth-init");
}
