/* How a record with all that it points to becomes one piece of memory, and equal pieces become one. What
 * points where stands in the shapes below; a pointer that is missing there is shared unseen. */
#include "init/unit/share.h"

#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/text.h"

enum pointer_kind {
    POINTS_TO_TEXT,
    POINTS_TO_WORDS,   /* a strv */
    POINTS_TO_RECORDS, /* as many as the count says, or one */
    POINTS_TO_LIST,    /* of records, each with a pointer to the next one: */
    POINTS_TO_NEXT,
};

#define JUST_ONE       UINT16_MAX
#define ROUND_UP(size) (((size) + sizeof(void *) - 1) & ~(sizeof(void *) - 1))

struct pointer {
    uint16_t offset;
    uint16_t number; /* where the count is, or in a list's record the next one */
    enum pointer_kind kind;
    const struct shape *shape; /* of the records */
};

struct shape {
    size_t size;
    const struct pointer *pointers; /* by their offsets */
    size_t n;
};

#define NEXT(type)                                                                                           \
    {                                                                                                        \
        offsetof(struct type, next), 0, POINTS_TO_NEXT, NULL                                                 \
    }
#define TEXT(type, member)                                                                                   \
    {                                                                                                        \
        offsetof(struct type, member), 0, POINTS_TO_TEXT, NULL                                               \
    }
#define WORDS(type, member)                                                                                  \
    {                                                                                                        \
        offsetof(struct type, member), 0, POINTS_TO_WORDS, NULL                                              \
    }
#define ONE(type, member, shape)                                                                             \
    {                                                                                                        \
        offsetof(struct type, member), JUST_ONE, POINTS_TO_RECORDS, &(shape)                                 \
    }
#define MANY(type, member, shape, count)                                                                     \
    {                                                                                                        \
        offsetof(struct type, member), offsetof(struct type, count), POINTS_TO_RECORDS, &(shape)             \
    }
#define LIST(type, member, shape, element)                                                                   \
    {                                                                                                        \
        offsetof(struct type, member), offsetof(struct element, next), POINTS_TO_LIST, &(shape)              \
    }
#define SHAPE(type, pointers)                                                                                \
    {                                                                                                        \
        sizeof(struct type), pointers, ELEMENTSOF(pointers)                                                  \
    }

/* clang-format off: a row a line */
static const struct shape byte_shape = {1, NULL, 0};
static const struct shape limits_shape = {sizeof(struct exec_limits), NULL, 0};
static const struct shape cpus_shape = {sizeof(struct exec_cpus), NULL, 0};
static const struct shape policy_shape = {sizeof(struct unit_policy), NULL, 0};
static const struct shape kill_shape = {sizeof(struct kill_context), NULL, 0};

static const struct pointer environment_file_pointers[] = {TEXT(environment_file, path)};
static const struct shape environment_file_shape = SHAPE(environment_file, environment_file_pointers);

static const struct pointer exec_pointers[] = {
    WORDS(exec_context, environment),
    WORDS(exec_context, pass_environment),
    WORDS(exec_context, unset_environment),
    MANY(exec_context, environment_files, environment_file_shape, n_environment_files),
    TEXT(exec_context, working_directory),
    TEXT(exec_context, user),
    TEXT(exec_context, group),
    WORDS(exec_context, supplementary_groups),
    ONE(exec_context, limits, limits_shape),
    ONE(exec_context, cpus, cpus_shape),
    TEXT(exec_context, root_directory),
    WORDS(exec_context, search_path),
    TEXT(exec_context, input_path),
    MANY(exec_context, input_data, byte_shape, input_size),
    TEXT(exec_context, tty_path),
    TEXT(exec_context, output_path),
    TEXT(exec_context, error_path),
    TEXT(exec_context, syslog_identifier),
    WORDS(exec_context, directories[DIRECTORY_RUNTIME].names),
    WORDS(exec_context, directories[DIRECTORY_RUNTIME].links),
    WORDS(exec_context, directories[DIRECTORY_STATE].names),
    WORDS(exec_context, directories[DIRECTORY_STATE].links),
    WORDS(exec_context, directories[DIRECTORY_CACHE].names),
    WORDS(exec_context, directories[DIRECTORY_CACHE].links),
    WORDS(exec_context, directories[DIRECTORY_LOGS].names),
    WORDS(exec_context, directories[DIRECTORY_LOGS].links),
    WORDS(exec_context, directories[DIRECTORY_CONFIGURATION].names),
    WORDS(exec_context, directories[DIRECTORY_CONFIGURATION].links),
};
static const struct shape exec_shape = SHAPE(exec_context, exec_pointers);

static const struct pointer setting_pointers[] = {
    NEXT(cgroup_setting),
    TEXT(cgroup_setting, file),
    TEXT(cgroup_setting, text),
};
static const struct shape setting_shape = SHAPE(cgroup_setting, setting_pointers);
static const struct pointer cgroup_pointers[] = {
    LIST(cgroup_context, settings, setting_shape, cgroup_setting),
    TEXT(cgroup_context, slice),
    TEXT(cgroup_context, delegate_subgroup),
};
static const struct shape cgroup_shape = SHAPE(cgroup_context, cgroup_pointers);

static const struct pointer service_pointers[] = {TEXT(service, pid_file), TEXT(service, bus_name)};
static const struct shape service_shape = SHAPE(service, service_pointers);

static const struct pointer command_pointers[] = {
    TEXT(exec_command, path),
    WORDS(exec_command, argv),
    NEXT(exec_command),
};
static const struct shape command_shape = SHAPE(exec_command, command_pointers);
#define COMMANDS(kind) LIST(service_commands, of[kind], command_shape, exec_command)
static const struct pointer commands_pointers[] = {
    COMMANDS(COMMAND_CONDITION),  COMMANDS(COMMAND_START_PRE), COMMANDS(COMMAND_START),
    COMMANDS(COMMAND_START_POST), COMMANDS(COMMAND_RELOAD),    COMMANDS(COMMAND_STOP),
    COMMANDS(COMMAND_STOP_POST),
};
static const struct shape commands_shape = SHAPE(service_commands, commands_pointers);
_Static_assert(ELEMENTSOF(commands_pointers) == SERVICE_COMMAND_MAX, "each kind of commands");

#define NAMES(i)   WORDS(unit_dependencies, of[i])
#define NAMES_6(i) NAMES(i), NAMES((i) + 1), NAMES((i) + 2), NAMES((i) + 3), NAMES((i) + 4), NAMES((i) + 5)
static const struct pointer dependencies_pointers[] = {NAMES_6(0), NAMES_6(6), NAMES_6(12), NAMES_6(18)};
static const struct shape dependencies_shape = SHAPE(unit_dependencies, dependencies_pointers);
_Static_assert(ELEMENTSOF(dependencies_pointers) == UNIT_DEPENDENCY_MAX, "each kind of dependency");

static const struct pointer condition_pointers[] = {TEXT(condition, parameter)};
static const struct shape condition_shape = SHAPE(condition, condition_pointers);
static const struct pointer unit_pointers[] = {
    TEXT(unit, name),           TEXT(unit, description),
    TEXT(unit, fragment_path),  WORDS(unit, drop_in_paths),
    WORDS(unit, documentation), MANY(unit, conditions, condition_shape, n_conditions),
};
static const struct shape unit_shape = SHAPE(unit, unit_pointers);
/* clang-format on */

static const void *pointer_at(const void *record, size_t offset)
{
    const void *value;

    memcpy(&value, (const char *)record + offset, sizeof(value));
    return value;
}

static void set_pointer_at(void *record, size_t offset, const void *value)
{
    memcpy((char *)record + offset, &value, sizeof(value));
}

static size_t count_at(const void *record, uint16_t number)
{
    size_t n = 1;

    if (number != JUST_ONE)
        memcpy(&n, (const char *)record + number, sizeof(n));
    return n;
}

/* --- one piece --- */

/* Records in front, as they want to be aligned, then the texts. Without a base it is only measured. */
struct packer {
    char *base;
    size_t records; /* bytes, of either */
    size_t texts;
    uint32_t hash; /* of the texts: FNV-1a */
};

static void *take_records(struct packer *packer, const void *from, size_t size)
{
    char *to = packer->base ? packer->base + packer->records : NULL;

    if (to)
        memcpy(to, from, size);
    packer->records += ROUND_UP(size);
    return to;
}

static char *take_text(struct packer *packer, const char *text)
{
    size_t size = strlen(text) + 1;
    char *to = packer->base ? packer->base + packer->texts : NULL;

    if (to)
        memcpy(to, text, size);
    for (size_t i = 0; i < size; i++)
        packer->hash = (packer->hash ^ (unsigned char)text[i]) * 16777619u;
    packer->texts += size;
    return to;
}

static char **take_words(struct packer *packer, char *const *words)
{
    char **to = take_records(packer, words, (strv_length(words) + 1) * sizeof(*words));

    for (size_t i = 0; words[i]; i++) {
        char *word = take_text(packer, words[i]);
        if (to)
            to[i] = word;
    }
    return to;
}

static void *pack(struct packer *packer, const struct shape *shape, const void *from, size_t n);

/* A loop and no recursion: a unit may have very many commands. */
static void *pack_list(struct packer *packer, const struct pointer *pointer, const void *from)
{
    char *first = NULL, *last = NULL;

    for (; from; from = pointer_at(from, pointer->number)) {
        char *to = pack(packer, pointer->shape, from, 1);
        if (last)
            set_pointer_at(last, pointer->number, to);
        last = to;
        first = first ? first : to;
    }
    return first;
}

static void *pack_what(struct packer *packer, const struct pointer *pointer, const void *record)
{
    const void *from = pointer_at(record, pointer->offset);

    switch (pointer->kind) {
    case POINTS_TO_TEXT:
        return take_text(packer, from);
    case POINTS_TO_WORDS:
        return take_words(packer, from);
    case POINTS_TO_RECORDS:
        return pack(packer, pointer->shape, from, count_at(record, pointer->number));
    case POINTS_TO_LIST:
        return pack_list(packer, pointer, from);
    case POINTS_TO_NEXT: /* the list's business */
        return (void *)from;
    }
    return NULL;
}

/* These records with all that they point to. Returns their copy, NULL when it is only measured. */
static void *pack(struct packer *packer, const struct shape *shape, const void *from, size_t n)
{
    char *to = take_records(packer, from, n * shape->size);

    for (size_t at = 0; at < n * shape->size && shape->n > 0; at += shape->size)
        FOREACH_ARRAY (pointer, shape->pointers, shape->n) {
            const char *record = (const char *)from + at;
            if (!pointer_at(record, pointer->offset))
                continue;
            void *copy = pack_what(packer, pointer, record);
            if (to)
                set_pointer_at(to + at, pointer->offset, copy);
        }
    return to;
}

static struct packer measure(const struct shape *shape, const void *record)
{
    struct packer packer = {.hash = 2166136261u};

    (void)pack(&packer, shape, record, 1);
    return packer;
}

static void pack_at(void *place, const struct packer *measured, const struct shape *shape, const void *record)
{
    (void)pack(&(struct packer){.base = place, .texts = measured->records}, shape, record, 1);
}

/* --- what is equal --- */

static bool records_are_equal(const struct shape *shape, const char *a, const char *b, size_t n);

static bool lists_are_equal(const struct pointer *pointer, const void *a, const void *b)
{
    while (a && b && records_are_equal(pointer->shape, a, b, 1)) {
        a = pointer_at(a, pointer->number);
        b = pointer_at(b, pointer->number);
    }
    return !a && !b;
}

static bool is_equal(const struct pointer *pointer, const void *record_a, const void *record_b)
{
    const void *a = pointer_at(record_a, pointer->offset), *b = pointer_at(record_b, pointer->offset);

    if (!a || !b)
        return a == b;
    switch (pointer->kind) {
    case POINTS_TO_TEXT:
        return streq(a, b);
    case POINTS_TO_WORDS:
        return strv_equal(a, b);
    case POINTS_TO_RECORDS:
        return records_are_equal(pointer->shape, a, b, count_at(record_a, pointer->number));
    case POINTS_TO_LIST:
        return lists_are_equal(pointer, a, b);
    case POINTS_TO_NEXT:
        return true;
    }
    return false;
}

/* What lies between the pointers, and where they lead. */
static bool record_is_equal(const struct shape *shape, const char *a, const char *b)
{
    size_t at = 0;

    FOREACH_ARRAY (pointer, shape->pointers, shape->n) {
        if (memcmp(a + at, b + at, pointer->offset - at) != 0 || !is_equal(pointer, a, b))
            return false;
        at = pointer->offset + sizeof(void *);
    }
    return memcmp(a + at, b + at, shape->size - at) == 0;
}

/* n is the same for both: it is compared with the record that says it. */
static bool records_are_equal(const struct shape *shape, const char *a, const char *b, size_t n)
{
    for (size_t at = 0; at < n * shape->size; at += shape->size)
        if (!record_is_equal(shape, a + at, b + at))
            return false;
    return true;
}

/* --- what is shared --- */

struct shared {
    struct shared *next, **link; /* in its bucket */
    uint32_t hash;
    uint32_t users;
    const struct shape *shape;
    max_align_t record[];
};

#define SHARED_BUCKETS 256
static struct shared *buckets[SHARED_BUCKETS];

static struct shared *shared_find(const struct shape *shape, const void *record, uint32_t hash)
{
    struct shared *shared = buckets[hash % SHARED_BUCKETS];

    while (shared && (shared->hash != hash || shared->shape != shape ||
                      !record_is_equal(shape, (const char *)shared->record, record)))
        shared = shared->next;
    return shared;
}

static struct shared *shared_new(const struct shape *shape, const void *record, const struct packer *measured)
{
    struct shared **bucket = &buckets[measured->hash % SHARED_BUCKETS];
    struct shared *shared = malloc(sizeof(*shared) + measured->records + measured->texts);

    if (!shared)
        return NULL;
    *shared =
        (struct shared){.next = *bucket, .link = bucket, .hash = measured->hash, .users = 1, .shape = shape};
    pack_at(shared->record, measured, shape, record);
    if (shared->next)
        shared->next->link = &shared->next;
    *bucket = shared;
    return shared;
}

/* The piece of all who have a record like this; NULL without memory. */
static void *share(const struct shape *shape, const void *record)
{
    const struct packer measured = measure(shape, record);
    struct shared *shared = shared_find(shape, record, measured.hash);

    if (shared)
        shared->users++;
    else
        shared = shared_new(shape, record, &measured);
    return shared ? shared->record : NULL;
}

static void unshare(void *record)
{
    if (!record)
        return;
    struct shared *shared = CONTAINER_OF(record, struct shared, record);
    if (--shared->users > 0)
        return;
    *shared->link = shared->next;
    if (shared->next)
        shared->next->link = shared->link;
    free(shared);
}

/* --- units --- */

static bool share_parts(const struct unit *draft, struct unit *sealed)
{
    sealed->policy = share(&policy_shape, draft->policy);
    sealed->exec = share(&exec_shape, draft->exec);
    sealed->kill = share(&kill_shape, draft->kill);
    sealed->cgroup = share(&cgroup_shape, draft->cgroup);
    sealed->service = share(&service_shape, draft->service);
    sealed->commands = share(&commands_shape, draft->commands);
    sealed->dependencies = share(&dependencies_shape, draft->dependencies);
    return sealed->policy && sealed->exec && sealed->kill && sealed->cgroup && sealed->service &&
           sealed->commands && sealed->dependencies;
}

struct unit *unit_unseal_and_free(struct unit *unit)
{
    unshare(unit->policy);
    unshare(unit->exec);
    unshare(unit->kill);
    unshare(unit->cgroup);
    unshare(unit->service);
    unshare(unit->commands);
    unshare(unit->dependencies);
    free(unit);
    return NULL;
}

/* The name is mostly the description, and the end of the path: it is there once. */
static struct unit *pack_unit(const struct unit *draft)
{
    struct unit bare = *draft;
    const char *path_end = draft->fragment_path ? endswith(draft->fragment_path, draft->name) : NULL;
    bool describes = streq(draft->description, draft->name);

    if (path_end)
        bare.name = NULL;
    if (describes)
        bare.description = NULL;
    const struct packer measured = measure(&unit_shape, &bare);
    struct unit *sealed = malloc(measured.records + measured.texts);
    if (!sealed)
        return NULL;
    pack_at(sealed, &measured, &unit_shape, &bare);
    if (path_end)
        sealed->name = sealed->fragment_path + (path_end - draft->fragment_path);
    if (describes)
        sealed->description = sealed->name;
    sealed->sealed = true;
    return sealed;
}

void unit_seal(struct unit **unit)
{
    struct unit *draft = *unit, *sealed = draft->sealed ? NULL : pack_unit(draft);

    if (!sealed)
        return;
    if (!share_parts(draft, sealed)) {
        (void)unit_unseal_and_free(sealed);
        return;
    }
    draft->load_error = NULL;
    draft->aliases = NULL;
    unit_free(draft);
    *unit = sealed;
}
