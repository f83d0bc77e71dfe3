/* A line is NAME=VALUE or NAME; '#' begins a comment. Quotes and backslashes stand for themselves. */
#include "launcher/environment-file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"

#define FILE_MAX (1024 * 1024) /* bytes */

static int take_line(const char *line, char ***env)
{
    size_t name = strcspn(line, "=");

    if (name == 0 || strcspn(line, " \t") < name)
        return -EINVAL;
    if (line[name])
        return strv_env_set(env, line);
    const char *own = getenv(line);
    _cleanup_free_ char *assignment = own ? xasprintf("%s=%s", line, own) : NULL;
    return !own ? 0 : assignment ? strv_env_set(env, assignment) : -ENOMEM;
}

int environment_file_read(const char *path, char ***env, struct failure *failure)
{
    _cleanup_free_ char *text = NULL;
    unsigned number = 0;
    size_t size;

    int r = read_file_at(AT_FDCWD, path, FILE_MAX, &text, &size);
    if (r < 0)
        return fail(failure, r, "%s", strerror(-r));
    if (strlen(text) != size)
        return fail(failure, -EINVAL, "has a NUL byte: is no text");
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        number++;
        line[strcspn(line, "\r")] = 0;
        while (isspace((unsigned char)*line))
            line++;
        r = *line && *line != '#' ? take_line(line, env) : 0;
        if (r < 0)
            return fail(failure, r, "line %u: write NAME=VALUE, or NAME", number);
    }
    return 0;
}
