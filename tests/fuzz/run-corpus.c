/* Feeds every file of a corpus to a fuzz target once, so that what the fuzzer ever found stays found in every
 * build. Arguments are directories. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/fd.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (4 * 1024 * 1024)

static int run_file(int directory, const char *name)
{
    _cleanup_free_ char *text = NULL;
    size_t size = 0;
    int r = read_file_at(directory, name, INPUT_MAX, &text, &size);
    if (r < 0)
        return r;
    (void)LLVMFuzzerTestOneInput((const uint8_t *)text, size);
    return 1;
}

/* The number of files that were run, or -errno. */
static int run_directory(const char *path)
{
    _cleanup_closedir_ DIR *directory = opendir(path);
    const struct dirent *entry;
    int n = 0;

    while (directory && (entry = readdir(directory)))
        if (entry->d_type == DT_REG) {
            int r = run_file(dirfd(directory), entry->d_name);
            if (r < 0)
                return r;
            n += r;
        }
    return directory ? n : -errno;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int n = run_directory(argv[i]);
        if (n <= 0) {
            fprintf(stderr, "%s: no corpus to run: %s\n", argv[i], n < 0 ? strerror(-n) : "empty");
            return EXIT_FAILURE;
        }
        printf("%s: %d inputs\n", argv[i], n);
    }
    return EXIT_SUCCESS;
}
