/* One test per condition on the machine, the kernel or the operating system: systemd.unit(5), "Conditions and
 * Asserts". What the container cannot see does not hold. */
#include "init/platform/conditions-system.h"

#include <ctype.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/platform/cgroup-name.h"
#include "init/unit/expand.h"
#include "init/unit/word.h"

#define FILE_MAX       (1024 * 1024)
#define CGROUP_ROOT    "/sys/fs/cgroup"
#define MACHINE_ID     "/etc/machine-id"
#define MACHINE_ID_HEX 32

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The file's text without its last newline, or NULL. */
static char *read_text(const char *path)
{
    char *text = NULL;

    if (read_file_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
        return NULL;
    text[strcspn(text, "\n")] = 0;
    return text;
}

/* --- comparing --- */

enum order {
    MATCHES,
    MATCHES_NOT,
    BELOW_OR_EQUAL,
    OTHER_THAN,
    BELOW,
    ABOVE_OR_EQUAL,
    ABOVE,
    SAME,
    EQUAL,
    UNEQUAL,
    ORDER_MAX
};

/* The longer spelling first. */
static const struct {
    const char *text;
    enum order order;
} orders[] = {
    {"=$", MATCHES},        {"!=$", MATCHES_NOT}, {"<=", BELOW_OR_EQUAL}, {"<>", OTHER_THAN}, {"<", BELOW},
    {">=", ABOVE_OR_EQUAL}, {">", ABOVE},         {"==", SAME},           {"!=", UNEQUAL},    {"=", EQUAL},
};

/* The operator that *text begins with, which is passed over; ORDER_MAX: none. */
static enum order take_order(const char **text)
{
    FOREACH_ARRAY (row, orders, ELEMENTSOF(orders)) {
        const char *rest = startswith(*text, row->text);
        if (!rest)
            continue;
        *text = rest + strspn(rest, " \t");
        return row->order;
    }
    return ORDER_MAX;
}

/* difference: of the value that is there and the one that is asked for, by its sign. */
static bool order_holds(enum order order, int difference)
{
    switch (order) {
    case BELOW:
        return difference < 0;
    case BELOW_OR_EQUAL:
        return difference <= 0;
    case ABOVE:
        return difference > 0;
    case ABOVE_OR_EQUAL:
        return difference >= 0;
    case OTHER_THAN:
    case UNEQUAL:
        return difference != 0;
    default:
        return difference == 0;
    }
}

static int sign(int64_t number)
{
    return (number > 0) - (number < 0);
}

/* The part of *text that one of both predicates holds for; *text is moved behind it. */
static size_t take_run(const char **text, int (*holds)(int))
{
    size_t n = 0;

    while (holds((unsigned char)(*text)[n]))
        n++;
    *text += n;
    return n;
}

/* Numbers of any length: without leading zeros, the longer one is the bigger one. */
static int compare_numbers(const char **a, const char **b)
{
    *a += strspn(*a, "0");
    *b += strspn(*b, "0");
    const char *x = *a, *y = *b;
    size_t n = take_run(a, isdigit), m = take_run(b, isdigit);
    return n != m ? (n > m) - (n < m) : sign(strncmp(x, y, n));
}

static int compare_words(const char **a, const char **b)
{
    const char *x = *a, *y = *b;
    size_t n = take_run(a, isalpha), m = take_run(b, isalpha);
    int r = sign(strncmp(x, y, MIN(n, m)));
    return r != 0 ? r : (n > m) - (n < m);
}

/* What a version's next character is worth against nothing at all: "1~rc1" < "1" < "1-2" < "1^3" < "1.4". */
static int rank(char c)
{
    static const char ranked[] = "~\0-^.";
    const char *at = memchr(ranked, c, sizeof(ranked) - 1);
    return at ? (int)(at - ranked) : isalpha((unsigned char)c) ? 5 : 6;
}

int compare_versions(const char *a, const char *b)
{
    for (;;) {
        while (*a && !isalnum((unsigned char)*a) && !strchr("~-^.", *a))
            a++;
        while (*b && !isalnum((unsigned char)*b) && !strchr("~-^.", *b))
            b++;
        if (rank(*a) != rank(*b))
            return rank(*a) < rank(*b) ? -1 : 1;
        if (!*a)
            return 0;
        int r = 0;
        if (isdigit((unsigned char)*a))
            r = compare_numbers(&a, &b);
        else if (isalpha((unsigned char)*a))
            r = compare_words(&a, &b);
        else
            a++, b++;
        if (r != 0)
            return r;
    }
}

static bool version_holds(enum order order, const char *version, const char *wanted)
{
    if (order == MATCHES || order == MATCHES_NOT)
        return (fnmatch(wanted, version, 0) == 0) == (order == MATCHES);
    return order_holds(order, compare_versions(version, wanted));
}

/* ">= 4": the operator that is meant without one is ">=". */
static bool number_holds(const char *parameter, uint64_t there, int (*parse)(const char *, uint64_t *))
{
    enum order order = take_order(&parameter);
    uint64_t wanted;

    if (parse(parameter, &wanted) < 0)
        return false;
    return order_holds(order == ORDER_MAX ? ABOVE_OR_EQUAL : order, (there > wanted) - (there < wanted));
}

/* --- the machine --- */

static const struct {
    const char *machine; /* of uname(2) */
    const char *name;
} architectures[] = {
    {"x86_64", "x86-64"},
    {"i386", "x86"},
    {"i486", "x86"},
    {"i586", "x86"},
    {"i686", "x86"},
    {"ppc64", "ppc64"},
    {"ppc64le", "ppc64-le"},
    {"ppc", "ppc"},
    {"ppcle", "ppc-le"},
    {"ia64", "ia64"},
    {"parisc64", "parisc64"},
    {"parisc", "parisc"},
    {"s390x", "s390x"},
    {"s390", "s390"},
    {"sparc64", "sparc64"},
    {"sparc", "sparc"},
    {"mips64", "mips64"},
    {"mips", "mips"},
    {"alpha", "alpha"},
    {"armv8l", "arm"},
    {"armv8b", "arm-be"},
    {"armv7l", "arm"},
    {"armv7b", "arm-be"},
    {"armv6l", "arm"},
    {"armv6b", "arm-be"},
    {"armv5tel", "arm"},
    {"armv5tejl", "arm"},
    {"aarch64", "arm64"},
    {"aarch64_be", "arm64-be"},
    {"sh64", "sh64"},
    {"sh4", "sh"},
    {"m68k", "m68k"},
    {"loongarch64", "loongarch64"},
    {"riscv32", "riscv32"},
    {"riscv64", "riscv64"},
};

const char *host_architecture(void)
{
    struct utsname name;

    (void)uname(&name);
    FOREACH_ARRAY (row, architectures, ELEMENTSOF(architectures))
        if (streq(row->machine, name.machine))
            return row->name;
    return NULL;
}

bool condition_architecture(const char *parameter)
{
    const char *architecture = host_architecture();

    return streq(parameter, "native") || (architecture && streq(architecture, parameter));
}

/* A container has none. */
bool condition_firmware(const char *parameter)
{
    return false;
}

bool condition_host(const char *parameter)
{
    struct utsname name;

    if (strspn(parameter, "0123456789abcdefABCDEF") == MACHINE_ID_HEX && !parameter[MACHINE_ID_HEX]) {
        _cleanup_free_ char *id = read_text(MACHINE_ID);
        return id && strcasecmp(id, parameter) == 0;
    }
    return uname(&name) == 0 && fnmatch(parameter, name.nodename, FNM_CASEFOLD) == 0;
}

bool condition_memory(const char *parameter)
{
    uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES), there = pages * (uint64_t)sysconf(_SC_PAGESIZE),
             limit;
    _cleanup_free_ char *text = read_text(CGROUP_ROOT "/memory.max");

    if (text && parse_u64(text, &limit) == 0)
        there = MIN(there, limit);
    return number_holds(parameter, there, parse_size);
}

bool condition_cpus(const char *parameter)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return false;
    return number_holds(parameter, (uint64_t)CPU_COUNT(&set), parse_u64);
}

/* The kernel's list, under its names: "flags" on x86, "Features" on ARM. */
bool condition_cpu_feature(const char *parameter)
{
    _cleanup_free_ char *text = NULL;

    if (read_file_at(AT_FDCWD, "/proc/cpuinfo", FILE_MAX, &text, NULL) < 0)
        return false;
    char *cursor = text, *line;
    while ((line = strsep(&cursor, "\n"))) {
        if (!startswith(line, "flags") && !startswith(line, "Features"))
            continue;
        char *word;
        while ((word = strsep(&line, " \t")))
            if (streq(word, parameter))
                return true;
        return false;
    }
    return false;
}

/* --- the kernel --- */

/* Each word has to hold, which may stand in quotes: "5.*", ">=5.10"; the first operator may be a word of its
 * own. */
bool condition_kernel_version(const char *parameter)
{
    _cleanup_strv_ char **words = NULL;
    struct utsname name;

    if (uname(&name) < 0 || word_split(parameter, 0, &words) < 0)
        return false;
    for (char **word = words; word && *word; word++) {
        const char *wanted = *word;
        enum order order = take_order(&wanted);
        if (order != ORDER_MAX && !*wanted && word == words && word[1])
            wanted = *++word;
        if (!*wanted || !version_holds(order == ORDER_MAX ? MATCHES : order, name.release, wanted))
            return false;
    }
    return true;
}

bool condition_kernel_module_loaded(const char *parameter)
{
    _cleanup_free_ char *directory = xasprintf("/sys/module/%s", parameter), *file = NULL, *state = NULL;

    if (!directory || strchr(parameter, '/') || streq(parameter, ".."))
        return false;
    for (char *p = directory; *p; p++)
        *p = *p == '-' ? '_' : *p;
    file = xasprintf("%s/initstate", directory);
    state = file ? read_text(file) : NULL;
    /* One that is built in has no state. */
    return state ? streq(state, "live") : exists(directory);
}

static const struct {
    const char *name, *path;
    const char *text; /* it has to say, or NULL: it has to be there */
} security[] = {
    {"selinux", "/sys/fs/selinux/enforce", NULL},
    {"apparmor", "/sys/module/apparmor/parameters/enabled", "Y"},
    {"smack", "/sys/fs/smackfs/load2", NULL},
    {"ima", "/sys/kernel/security/ima", NULL},
    {"tomoyo", "/sys/kernel/security/tomoyo/version", NULL},
    {"tpm2", "/dev/tpmrm0", NULL},
};

/* audit and uefi-secureboot are the host's. */
bool condition_security(const char *parameter)
{
    FOREACH_ARRAY (row, security, ELEMENTSOF(security)) {
        if (!streq(row->name, parameter))
            continue;
        _cleanup_free_ char *text = row->text ? read_text(row->path) : NULL;
        return row->text ? text && streq(text, row->text) : exists(row->path);
    }
    return false;
}

static bool is_controller(const char *name)
{
    static const char *const controllers[] = {"cpu",  "cpuset",  "io",    "memory",
                                              "pids", "cpuacct", "blkio", "devices"};

    FOREACH_ARRAY (controller, controllers, ELEMENTSOF(controllers))
        if (streq(*controller, name))
            return true;
    return false;
}

bool condition_control_group_controller(const char *parameter)
{
    _cleanup_free_ char *text = read_text(CGROUP_ROOT "/cgroup.controllers");
    _cleanup_strv_ char **words = NULL, **there = NULL;

    if (streq(parameter, "v2") || streq(parameter, "v1"))
        return (text != NULL) == streq(parameter, "v2");
    if (!text || strv_split(parameter, " \t", &words) < 0 || strv_split(text, " ", &there) < 0)
        return false;
    /* A word that is no controller asks for nothing. */
    for (char **word = words; word && *word; word++)
        if (is_controller(*word) && !strv_contains(there, *word))
            return false;
    return true;
}

/* --- the operating system --- */

static bool os_release_holds(char *const *environment, const char *expression)
{
    const char *rest = expression + strcspn(expression, "=!<>");
    _cleanup_free_ char *key = strndup(expression, (size_t)(rest - expression));
    enum order order = take_order(&rest);

    if (!key || order == ORDER_MAX || !*rest)
        return false;
    const char *value = strv_env_get(environment, key);
    value = value ? value : "";
    if (order == EQUAL || order == UNEQUAL)
        return streq(value, rest) == (order == EQUAL);
    return version_holds(order, value, rest);
}

char **host_os_release(void)
{
    _cleanup_free_ char *text = NULL;
    char **environment = NULL;
    size_t size = 0;

    if (read_file_at(AT_FDCWD, "/etc/os-release", FILE_MAX, &text, &size) < 0 &&
        read_file_at(AT_FDCWD, "/usr/lib/os-release", FILE_MAX, &text, &size) < 0)
        return NULL;
    return environment_file_parse(text, size, &environment) < 0 ? NULL : environment;
}

bool condition_os_release(const char *parameter)
{
    _cleanup_strv_ char **environment = host_os_release(), **words = NULL;

    if (!environment || word_split(parameter, 0, &words) < 0)
        return false;
    for (char **word = words; word && *word; word++)
        if (!os_release_holds(environment, *word))
            return false;
    return true;
}

/* machine-id(5), "First Boot Semantics": an empty file is that of an image which is no first boot. */
bool condition_first_boot(const char *parameter)
{
    _cleanup_free_ char *id = read_text(MACHINE_ID);
    bool wanted, first = id ? streq(id, "uninitialized") : !exists(MACHINE_ID);

    return parse_bool(parameter, &wanted) == 0 && wanted == first;
}

bool condition_environment(char *const *environment, const char *parameter)
{
    const char *equals = strchr(parameter, '=');
    _cleanup_free_ char *name = strndup(parameter, strcspn(parameter, "="));
    const char *value = name ? strv_env_get(environment, name) : NULL;

    return value && (!equals || streq(value, equals + 1));
}

bool condition_credential(const char *parameter)
{
    const char *const directories[] = {getenv("CREDENTIALS_DIRECTORY"), "/run/credentials/@system",
                                       "/run/credentials/@encrypted"};

    if (strchr(parameter, '/') || !*parameter || streq(parameter, ".") || streq(parameter, ".."))
        return false;
    for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
        _cleanup_free_ char *file = directories[i] ? xasprintf("%s/%s", directories[i], parameter) : NULL;
        if (file && exists(file))
            return true;
    }
    return false;
}

/* --- pressure --- */

/* The file of the whole container, or of a slice in it. */
static char *pressure_file(const char *slice, const char *resource)
{
    struct unit unit = {.type = UNIT_SLICE, .name = (char *)slice};
    _cleanup_free_ char *path = NULL;

    if (!slice)
        return exists(CGROUP_ROOT "/cgroup.controllers") ? xasprintf(CGROUP_ROOT "/%s.pressure", resource)
                                                         : xasprintf("/proc/pressure/%s", resource);
    return cgroup_unit_name(&unit, &path) < 0 ? NULL
                                              : xasprintf(CGROUP_ROOT "/%s/%s.pressure", path, resource);
}

/* The kernel keeps averages of three lengths. */
static const char *average_over(usec_t span)
{
    return span <= 10 * USEC_PER_SEC ? "avg10=" : span <= USEC_PER_MINUTE ? "avg60=" : "avg300=";
}

/* "some avg10=0.12 avg60=… avg300=… total=…", in hundredths of a percent; -1 when it cannot be told. */
static int read_pressure(const char *file, const char *average)
{
    _cleanup_free_ char *text = read_text(file), *percent = NULL;
    const char *at = text && startswith(text, "some ") ? strstr(text, average) : NULL;
    unsigned permyriad;

    if (!at)
        return -1;
    at += strlen(average);
    percent = xasprintf("%.*s%%", (int)strcspn(at, " "), at);
    return percent && parse_permyriad(percent, &permyriad) == 0 ? (int)permyriad : -1;
}

/* "[SLICE:]PERCENT%[/SPAN]": no more pressure than that. Where none is measured there is none. */
static bool pressure_holds(const char *parameter, const char *resource)
{
    _cleanup_free_ char *copy = strdup(parameter);
    usec_t span = 5 * USEC_PER_MINUTE;
    unsigned limit;

    if (!copy)
        return false;
    char *colon = strchr(copy, ':'), *percent = colon ? colon + 1 : copy, *slash = strchr(percent, '/');
    if (colon)
        *colon = 0;
    if (slash)
        *slash = 0;
    percent += strspn(percent, " \t");
    if (parse_permyriad(percent, &limit) < 0 || (slash && parse_timespan(slash + 1, USEC_PER_SEC, &span) < 0))
        return false;
    _cleanup_free_ char *file = pressure_file(colon ? copy : NULL, resource);
    return file && read_pressure(file, average_over(span)) <= (int)limit;
}

bool condition_memory_pressure(const char *parameter)
{
    return pressure_holds(parameter, "memory");
}

bool condition_cpu_pressure(const char *parameter)
{
    return pressure_holds(parameter, "cpu");
}

bool condition_io_pressure(const char *parameter)
{
    return pressure_holds(parameter, "io");
}
