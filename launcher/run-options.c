/* The table of `berth run`'s options, the values that only it has, and what follows from them. */
#include "launcher/run-options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/parse.h"
#include "common/text.h"
#include "launcher/capability-options.h"
#include "launcher/device-options.h"
#include "launcher/environment-file.h"
#include "launcher/layers.h"
#include "launcher/mount-options.h"
#include "launcher/mount-requests.h"
#include "launcher/namespaces.h"
#include "launcher/options.h"
#include "launcher/process.h"
#include "launcher/sysctl.h"

#define CONTAINER_NAME_MAX 64
#define LOWER_MAX          499 /* overlayfs takes 500 (OVL_MAX_STACK), one is berth's */
#define MACHINE_ID_DIGITS  32
#define CPU_QUOTA_MIN      (10 * USEC_PER_MSEC)

static int option_environment(const struct option_spec *spec, void *target, const char *value,
                              struct failure *failure)
{
    struct container_config *config = target;
    if (strchr(value, '=')) {
        int r = strv_env_set(&config->environment, value);
        return r == -EINVAL ? fail(failure, r, "write NAME=VALUE") : r;
    }
    /* As with docker: a name alone hands the caller's own value in, and nothing when there is none. */
    const char *own = getenv(value);
    if (!own)
        return 0;
    _cleanup_free_ char *assignment = xasprintf("%s=%s", value, own);
    return assignment ? strv_env_set(&config->environment, assignment) : -ENOMEM;
}

static int option_environment_file(const struct option_spec *spec, void *target, const char *value,
                                   struct failure *failure)
{
    struct container_config *config = target;
    return environment_file_read(value, &config->environment, failure);
}

/* 32 hexadecimal digits, with or without the dashes of a UUID: machine-id(5). */
static int option_machine_id(const struct option_spec *spec, void *target, const char *value,
                             struct failure *failure)
{
    struct container_config *config = target;
    char digits[MACHINE_ID_DIGITS + 1] = "";
    size_t n = 0;

    for (; *value && n < MACHINE_ID_DIGITS; value++)
        if (isxdigit((unsigned char)*value))
            digits[n++] = (char)tolower((unsigned char)*value);
        else if (*value != '-' || n == 0)
            break;
    if (*value || n != MACHINE_ID_DIGITS || strspn(digits, "0") == n)
        return fail(failure, -EINVAL,
                    "must be 32 hexadecimal digits, not all 0: systemd-id128 new makes one");
    free(config->machine_id);
    config->machine_id = strdup(digits);
    return config->machine_id ? 0 : -ENOMEM;
}

static int option_cpus(const struct option_spec *spec, void *target, const char *value,
                       struct failure *failure)
{
    struct container_config *config = target;
    char *end;
    errno = 0;
    double cpus = strtod(value, &end);
    if (errno || end == value || *end || !isdigit((unsigned char)value[0]) || cpus > 1e6 ||
        cpus * (double)USEC_PER_SEC < (double)CPU_QUOTA_MIN)
        return fail(failure, -EINVAL, "write a number of CPUs: 2, 0.5 (0.01 at least)");
    config->limits.cpu_quota_per_sec = (usec_t)(cpus * (double)USEC_PER_SEC);
    return 0;
}

static int option_userns(const struct option_spec *spec, void *target, const char *value,
                         struct failure *failure)
{
    struct container_config *config = target;
    static const struct {
        const char *name;
        enum userns_mode mode;
    } modes[] = {{"host", USERNS_HOST}, {"auto", USERNS_AUTO}};
    namespace_forget(config, NAMESPACE_USER);
    FOREACH_ARRAY (mode, modes, ELEMENTSOF(modes))
        if (streq(mode->name, value)) {
            config->userns = mode->mode;
            return 0;
        }
    if (!strchr(value, ':') || *value == '/') {
        int r = namespace_join(config, NAMESPACE_USER, value);
        config->userns = USERNS_JOIN;
        return r == -EINVAL
                   ? fail(failure, r,
                          "must be auto, host, HOST:SIZE (first id on the host, how many), a path or a "
                          "process id")
                   : r;
    }

    uint64_t first, size;
    const char *colon = strchr(value, ':');
    _cleanup_free_ char *left = colon ? strndup(value, (size_t)(colon - value)) : NULL;
    if (!left || parse_u64(left, &first) < 0 || parse_u64(colon + 1, &size) < 0 || size == 0 ||
        first + size > UINT32_MAX)
        return fail(failure, -EINVAL, "must be auto, host or HOST:SIZE (first id on the host, how many)");
    config->userns = USERNS_RANGE;
    config->userns_host = (uid_t)first;
    config->userns_size = (uint32_t)size;
    return 0;
}

static const char *const overlay_names[] = {"ephemeral", "persistent", "none", NULL};
static const char *const keyring_names[] = {"private", "host", NULL};
static const char *const register_names[] = {"auto", "yes", "no", NULL};
static const char *const cgroup_manager_names[] = {"auto", "systemd", "cgroupfs", "none", NULL};
static const unsigned weight_range[] = {1, 10000};

static int option_network(const struct option_spec *spec, void *target, const char *value,
                          struct failure *failure)
{
    struct container_config *config = target;
    const char *joined = startswith(value, "ns:");

    namespace_forget(config, NAMESPACE_NETWORK);
    config->network = joined ? NETWORK_JOIN : streq(value, "host") ? NETWORK_HOST : NETWORK_NONE;
    int r = joined ? namespace_join(config, NAMESPACE_NETWORK, joined)
                   : -(config->network == NETWORK_NONE && !streq(value, "none"));
    return r < 0 && r != -ENOMEM ? fail(failure, -EINVAL, "must be none, host, ns:PATH or ns:PID") : r;
}

static int option_tasks(const struct option_spec *spec, void *target, const char *value,
                        struct failure *failure)
{
    struct container_config *config = target;
    if (parse_u64(value, &config->limits.tasks_max) < 0 || config->limits.tasks_max == 0)
        return fail(failure, -EINVAL, "must be a number of tasks, 1 or more");
    return 0;
}

/* Written to the kernel as one word. */
static int option_label(const struct option_spec *spec, void *target, const char *value,
                        struct failure *failure)
{
    for (const char *c = value; *c; c++)
        if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
            return fail(failure, -EINVAL, "must be one word");
    return *value ? option_string(spec, target, value, failure) : fail(failure, -EINVAL, "must be one word");
}

static int option_seccomp(const struct option_spec *spec, void *target, const char *value,
                          struct failure *failure)
{
    struct container_config *config = target;

    free(config->seccomp_file);
    config->seccomp_file = NULL;
    config->seccomp = streq(value, "default") ? SECCOMP_DEFAULT
                      : streq(value, "off")   ? SECCOMP_OFF
                                              : SECCOMP_FILE;
    if (config->seccomp != SECCOMP_FILE)
        return 0;
    config->seccomp_file = realpath(value, NULL);
    return config->seccomp_file ? 0 : fail(failure, -errno, "default, off, or a file: %m");
}

#define C(field) offsetof(struct container_config, field)

static const struct namespace_option pid_option = {NAMESPACE_PID, C(host_pid)},
                                     ipc_option = {NAMESPACE_IPC, C(host_ipc)},
                                     uts_option = {NAMESPACE_UTS, C(host_uts)},
                                     cgroup_option = {NAMESPACE_CGROUP, C(host_cgroupns)};

static const struct option_spec run_options[] = {
    {"overlay", 0, "ephemeral|persistent|none", "where changes go: a tmpfs, the state directory, ROOT itself",
     option_enum, C(overlay), overlay_names},
    {"upper", 0, "DIR", "keep changes in DIR (with --work)", option_string, C(upper)},
    {"work", 0, "DIR", "overlay work directory on the file system of --upper", option_string, C(work)},
    {"scratch", 0, "DIR", "an ephemeral upper below DIR, not in memory", option_string, C(scratch)},
    {"size", 0, "SIZE", "bound of an ephemeral upper", option_size, C(upper_size)},
    {"read-only", 0, NULL, "the root cannot be written", option_flag, C(read_only)},
    {"bind", 'v', "SRC:DST[:ro,rbind,idmap]", "mount a file or directory of the host", option_bind, 0},
    {"tmpfs", 0, "DST[:size=SIZE,mode=MODE]", "mount an empty file system in memory", option_tmpfs, 0},
    {"mount", 0, "type=TYPE,target=DST,...", "the same, and overlay, proc, sysfs, mqueue, devpts",
     option_mount, 0},
    {"device", 0, "PATH[:TARGET][:rwm]", "a device of the host", option_device, 0},
    {"boot", 0, NULL, "run services (default without COMMAND)", option_flag, C(boot)},
    {"target", 0, "UNIT", "the unit to start (default.target)", option_string, C(target)},
    {"unit-file", 0, "FILE", "add a unit file of the host, and start it", option_strv, C(unit_files)},
    {"main", 0, "UNIT", "the container ends as this unit ends", option_string, C(main_unit)},
    {"user", 'u', "USER[:GROUP...]", "who the command runs as", option_string, C(user)},
    {"workdir", 'w', "DIR", "working directory of the command", option_string, C(workdir)},
    {"hostname", 'h', "NAME", "host name inside (NAME of the container)", option_string, C(hostname)},
    {"env", 'e', "NAME[=VALUE]", "set, or hand in, an environment variable", option_environment, 0},
    {"env-file", 0, "FILE", "the same for each line of a file", option_environment_file, 0},
    {"domainname", 0, "NAME", "NIS domain name inside", option_string, C(domainname)},
    {"machine-id", 0, "ID", "what /etc/machine-id says inside", option_machine_id, 0},

    {"userns", 0, "auto|host|HOST:SIZE|PATH|PID", "user namespace", option_userns, 0},
    {"network", 0, "none|host|ns:PATH|ns:PID", "network namespace (none: loopback only)", option_network, 0},
    {"pid", 0, "private|host|PATH|PID", "process id namespace", option_namespace, 0, &pid_option},
    {"ipc", 0, "private|host|PATH|PID", "System V IPC and message queue namespace", option_namespace, 0,
     &ipc_option},
    {"uts", 0, "private|host|PATH|PID", "host name namespace", option_namespace, 0, &uts_option},
    {"cgroupns", 0, "private|host|PATH|PID", "cgroup namespace", option_namespace, 0, &cgroup_option},
    {"time", 0, "private|host|PATH|PID", "time namespace (host)", option_time, 0},
    {"time-offset", 0, "boottime:SPAN,monotonic:SPAN", "clocks of a time namespace of its own",
     option_time_offset, 0},
    {"sysctl", 0, "KEY=VALUE", "setting of a namespace of its own", option_strv, C(sysctls)},

    {"rlimit", 0, "NAME=SOFT[:HARD]", "limit of each process: nofile=1024", option_rlimit, C(process)},
    {"oom-score-adj", 0, "N", "whom the OOM killer takes first", option_oom_score_adj, C(process)},
    {"umask", 0, "MASK", "umask of the command (022)", option_umask, C(process)},
    {"personality", 0, "NAME", "linux32, linux64 or a flag of setarch(8)", option_personality, C(process)},
    {"keyring", 0, "private|host", "session keyring", option_enum, C(process.host_keyring), keyring_names},

    {"cap-add", 0, "CAP|all", "keep a capability", option_capability_words, C(capabilities_added)},
    {"cap-drop", 0, "CAP|all", "drop a capability", option_capability_words, C(capabilities_dropped)},
    {"privileged", 0, NULL, "nearly all that root may do", option_flag, C(privileged)},
    {"seccomp", 0, "default|off|FILE", "system call filter (FILE: JSON)", option_seccomp, 0},
    {"apparmor", 0, "PROFILE", "AppArmor profile of the processes", option_label, C(apparmor)},
    {"selinux-label", 0, "LABEL", "SELinux label of the processes", option_label, C(selinux_label)},
    {"no-new-privileges", 0, NULL, "set-user-id programs gain nothing", option_flag, C(no_new_privileges)},
    {"memory", 'm', "SIZE", "memory limit", option_size, C(limits.memory_max)},
    {"memory-high", 0, "SIZE", "memory above which the container is slowed", option_size,
     C(limits.memory_high)},
    {"swap", 0, "SIZE", "swap limit", option_size, C(limits.swap_max)},
    {"cpus", 0, "N", "CPU time limit, in CPUs", option_cpus, 0},
    {"cpu-weight", 0, "1-10000", "share of the CPU", option_unsigned, C(limits.cpu_weight), weight_range},
    {"cpuset", 0, "LIST", "CPUs to run on: 0-1,3", option_string, C(limits.cpuset)},
    {"tasks", 0, "N", "limit of processes and threads", option_tasks, 0},
    {"io-weight", 0, "1-10000", "share of the disks", option_unsigned, C(limits.io_weight), weight_range},
    {"property", 0, "NAME=VALUE", "any property of the systemd scope", option_strv, C(properties)},
    {"slice", 0, "UNIT", "slice of the scope (machine.slice, a user's app.slice)", option_string, C(slice)},
    {"unit-name", 0, "UNIT", "name of the scope (berth-NAME.scope)", option_string, C(unit_name)},
    {"register", 0, "auto|yes|no", "register with systemd-machined", option_enum, C(register_machine),
     register_names},
    {"cgroup-manager", 0, "auto|systemd|cgroupfs|none", "who makes the cgroup", option_enum,
     C(cgroup_manager), cgroup_manager_names},
    {"stop-signal", 0, "SIGNAL", "first signal of a stop", option_signal, C(stop_signal)},
    {"stop-timeout", 0, "SPAN", "time between it and SIGKILL (10s)", option_span, C(stop_timeout)},
    {"start-timeout", 0, "SPAN", "time for the whole start (30s)", option_span, C(start_timeout)},
    {"interactive", 'i', NULL, "keep standard input open", option_flag, C(interactive)},
    {"tty", 't', NULL, "give the command a terminal", option_flag, C(tty)},
    {"detach", 'd', NULL, "return when the container runs", option_flag, C(detach)},
    {"rm", 0, NULL, "forget a persistent upper at the end", option_flag, C(remove)},
    {"quiet", 0, NULL, "no line of berth's own", option_flag, C(quiet)},
    {"explain", 0, NULL, "print the steps of the start and their time", option_flag, C(explain)},
};

int container_name_check(const char *name, struct failure *failure)
{
    bool good = isalnum((unsigned char)name[0]) && strlen(name) <= CONTAINER_NAME_MAX;
    for (const char *c = name; *c && good; c++)
        good = isalnum((unsigned char)*c) || strchr("_.-", *c);
    if (good)
        return 0;
    return fail(
        failure, -EINVAL,
        "container name '%.80s': begin with a letter or digit, go on with letters, digits, '_', '.', '-', "
        "%d characters at most",
        name, CONTAINER_NAME_MAX);
}

/* One layer, made absolute; the directory must be there. */
static int add_lower(struct container_config *config, const char *path, struct failure *failure)
{
    struct stat st;
    _cleanup_free_ char *absolute = realpath(path, NULL);

    if (!absolute)
        return fail(failure, -errno, "root %s: %m", path);
    if (strv_contains(config->lower, absolute))
        return fail(failure, -EINVAL, "root %s: is a layer twice", path);
    if (stat(absolute, &st) < 0)
        return fail(failure, -errno, "root %s: %m", path);
    if (!S_ISDIR(st.st_mode))
        return fail(failure, -ENOTDIR, "root %s: is no directory", path);
    if (strv_length(config->lower) >= LOWER_MAX)
        return fail(failure, -E2BIG, "root %s: more than %d layers", path, LOWER_MAX);
    int r = strv_consume(&config->lower, TAKE_PTR(absolute));
    return r < 0 ? fail(failure, r, "root %s: out of memory", path) : 0;
}

/* ROOT as a directory of that very name, else as layers joined by ':' ("\:" and "\\" stand for themselves).
 */
static int parse_root(struct container_config *config, const char *root, struct failure *failure)
{
    struct stat st;
    if (stat(root, &st) >= 0 || !strpbrk(root, ":\\"))
        return add_lower(config, root, failure);

    _cleanup_strv_ char **layers = NULL;
    int r = layers_split(root, &layers);
    if (r < 0)
        return fail(failure, r, "root %s: %s", root, strerror(-r));
    for (char **layer = layers; *layer && r >= 0; layer++)
        r = **layer
                ? add_lower(config, *layer, failure)
                : fail(failure, -EINVAL, "root %s: a layer is empty: write A:B, and \\: for a colon", root);
    return r;
}

/* Names, clocks and settings need namespaces of the container's own. */
static int complete_isolation(struct container_config *config, struct failure *failure)
{
    if (config->hostname && config->host_uts)
        return fail(failure, -EINVAL, "--hostname needs a namespace of its own: leave --uts out");
    if (config->domainname && config->host_uts)
        return fail(failure, -EINVAL, "--domainname needs a namespace of its own: leave --uts out");
    if (config->time_offset_set && (config->time == TIME_HOST || config->joined[NAMESPACE_TIME]))
        return fail(failure, -EINVAL, "--time-offset needs a namespace of its own: leave --time out");
    if (config->time_offset_set)
        config->time = TIME_PRIVATE;
    for (char **sysctl = config->sysctls; sysctl && *sysctl; sysctl++) {
        int r = sysctl_check(config, *sysctl, failure);
        if (r < 0)
            return r;
    }
    if (config->seccomp == SECCOMP_UNSET)
        config->seccomp = config->privileged ? SECCOMP_OFF : SECCOMP_DEFAULT;
    return capabilities_complete(config, failure);
}

/* What follows from what was given, and what does not go together. */
static int complete(struct container_config *config, struct failure *failure)
{
    if (!config->command)
        config->boot = true;
    int r = complete_isolation(config, failure);
    if (r < 0)
        return r;
    if (!config->hostname && !(config->hostname = strdup(config->name)))
        return fail(failure, -ENOMEM, "out of memory");
    if (!config->unit_name && !(config->unit_name = xasprintf("berth-%s.scope", config->name)))
        return fail(failure, -ENOMEM, "out of memory");
    if (!endswith(config->unit_name, ".scope"))
        return fail(failure, -EINVAL, "--unit-name=%s: must end in .scope", config->unit_name);
    if (!config->upper != !config->work)
        return fail(failure, -EINVAL, "--upper and --work go together, on one file system");
    if (config->upper && config->overlay == OVERLAY_NONE)
        return fail(failure, -EINVAL, "--upper needs an overlay: leave --overlay=none out");
    if (config->scratch && (config->upper || config->overlay != OVERLAY_EPHEMERAL))
        return fail(failure, -EINVAL,
                    "--scratch is for changes that vanish: without --upper, --overlay=ephemeral");
    if (config->scratch && config->upper_size != UINT64_MAX)
        return fail(failure, -EINVAL, "--size bounds what lies in memory: it does not go with --scratch");
    if (config->overlay == OVERLAY_NONE && strv_length(config->lower) > 1)
        return fail(failure, -EINVAL, "--overlay=none takes one root, not %zu layers",
                    strv_length(config->lower));
    if (config->boot && (config->user || config->workdir))
        return fail(failure, -EINVAL,
                    "--user and --workdir are for a COMMAND: services have User= and "
                    "WorkingDirectory= in their unit files");
    if (geteuid() != 0 && config->userns == USERNS_HOST)
        config->userns = USERNS_AUTO; /* an ordinary user has no other way */
    if ((r = mount_requests_complete(config, failure)) < 0)
        return r;
    if (config->tty && config->detach)
        return fail(failure, -EINVAL, "--tty and --detach do not go together");
    return 0;
}

static void print_help(void)
{
    puts("berth run [OPTIONS] NAME ROOT [COMMAND [ARG...]]\n\n"
         "Makes a container called NAME from the directory ROOT (or several, joined by ':', topmost first) "
         "and\n"
         "runs COMMAND in it, or the services that its unit files declare.\n");
    options_print_help(run_options, ELEMENTSOF(run_options));
}

int run_options_parse(struct container_config *config, int argc, char **argv, struct failure *failure)
{
    int n = options_parse(run_options, ELEMENTSOF(run_options), config, argc, argv, failure);
    if (n == -ECANCELED)
        print_help();
    if (n < 0)
        return n;
    if (argc - n < 2)
        return fail(failure, -EINVAL, "run needs NAME and ROOT: berth run [OPTIONS] NAME ROOT [COMMAND...]");

    int r = container_name_check(argv[n], failure);
    if (r < 0)
        return r;
    char **command = argv + n + 2;
    if (*command && streq(*command, "--"))
        command++;
    config->name = strdup(argv[n]);
    config->command = *command ? strv_copy(command) : NULL;
    if (!config->name || (*command && !config->command))
        return fail(failure, -ENOMEM, "out of memory");
    r = parse_root(config, argv[n + 1], failure);
    return r < 0 ? r : complete(config, failure);
}
