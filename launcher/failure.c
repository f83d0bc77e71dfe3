/* struct failure: the first cause, in one line. */
#include "launcher/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Words of others (a manager's answer, a path) may hold newlines and escape sequences: a person reads one
 * plain line. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

int fail(struct failure *failure, int error, const char *format, ...)
{
    if (!failure || failure->error != 0)
        return error;
    failure->error = error;
    errno = abs(error);

    va_list args;
    va_start(args, format);
    (void)vsnprintf(failure->text, sizeof(failure->text), format, args);
    va_end(args);
    make_one_line(failure->text);
    return error;
}
