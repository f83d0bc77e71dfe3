/* What may stand in an environment: environ(7), as systemd restricts it. */
#include "init/unit/environment.h"

#include <ctype.h>
#include <string.h>

#include "init/unit/character.h"

bool environment_name_is_valid(const char *name, size_t size)
{
    if (size == 0 || isdigit((unsigned char)*name))
        return false;
    for (size_t i = 0; i < size; i++)
        if (!isascii(name[i]) || (!isalnum((unsigned char)name[i]) && name[i] != '_'))
            return false;
    return true;
}

static bool value_is_valid(const char *value)
{
    for (const char *c = value; *c; c++)
        if (iscntrl((unsigned char)*c) && *c != '\t' && *c != '\n')
            return false;
    return text_is_utf8(value);
}

bool environment_assignment_is_valid(const char *assignment)
{
    size_t size = strcspn(assignment, "=");
    return assignment[size] && environment_name_is_valid(assignment, size) &&
           value_is_valid(assignment + size + 1);
}
