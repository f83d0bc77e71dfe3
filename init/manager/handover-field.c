/* Values of a handover, each by its row in a table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"
#include "common/text.h"
#include "init/manager/handover.h"

/* --- writing --- */

/* In a dense struct it may stand anywhere. */
static uint64_t load_u64(const void *member)
{
    uint64_t number;

    memcpy(&number, member, sizeof(number));
    return number;
}

static void field_write(struct handover *handover, const struct field *field, const void *member)
{
    int number;

    switch (field->kind) {
    case FIELD_BOOL:
        handover_add_u64(handover, field->key, *(const bool *)member);
        break;
    case FIELD_INT:
        number = *(const int *)member;
        if (number != 0)
            handover_addf(handover, field->key, "%d", number);
        break;
    case FIELD_UNSIGNED:
        handover_add_u64(handover, field->key, *(const uint32_t *)member);
        break;
    case FIELD_U64:
        handover_add_u64(handover, field->key, load_u64(member));
        break;
    case FIELD_TEXT:
        handover_add(handover, field->key, *(char *const *)member);
        break;
    case FIELD_NAME:
        number = *(const uint8_t *)member;
        if (number != field->standard)
            handover_add(handover, field->key, field->to_name(number));
        break;
    }
}

void fields_write(struct handover *handover, const struct field *fields, size_t n, const void *object)
{
    FOREACH_ARRAY (field, fields, n)
        field_write(handover, field, (const char *)object + field->offset);
}

/* --- reading --- */

static int read_text(char **text, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*text);
    *text = copy;
    return 0;
}

static int read_number(const struct field *field, const char *value, void *member)
{
    uint64_t number;
    int r = parse_u64(value, &number);

    if (r < 0)
        return -EINVAL;
    if (field->kind == FIELD_U64)
        memcpy(member, &number, sizeof(number));
    else if (field->kind == FIELD_BOOL)
        *(bool *)member = number != 0;
    else if (number <= UINT32_MAX)
        *(uint32_t *)member = (uint32_t)number;
    else
        return -EINVAL;
    return 0;
}

static int read_member(const struct field *field, const char *value, void *member)
{
    int number;

    switch (field->kind) {
    case FIELD_INT:
        if (parse_int(value, &number) < 0)
            return -EINVAL;
        *(int *)member = number;
        return 0;
    case FIELD_TEXT:
        return read_text(member, value);
    case FIELD_NAME:
        number = field->from_name(value);
        if (number < 0)
            return -EINVAL;
        *(uint8_t *)member = (uint8_t)number;
        return 0;
    default:
        return read_number(field, value, member);
    }
}

int field_read(struct handover_reader *reader, const struct field *fields, size_t n, void *object,
               const struct handover_line *line)
{
    FOREACH_ARRAY (field, fields, n) {
        if (!streq(field->key, line->key))
            continue;
        int r = read_member(field, line->value, (char *)object + field->offset);
        reader->n_bad += r == -EINVAL;
        return r == -ENOMEM ? r : 1;
    }
    return 0;
}
