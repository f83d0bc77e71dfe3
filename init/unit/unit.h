/* A unit as its files declare it: text -> struct unit. Immutable once loaded, as its parts may be those of
 * other units, too; what happens to it at run time lives in init/manager. No system calls here: files are
 * read through struct unit_files (load.h).
 *
 * Specification: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5),
 * systemd.resource-control(5). Times are µs, sizes bytes; USEC_INFINITY and UINT64_MAX mean "no limit".
 * Strings and vectors belong to the unit. */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/macro.h"
#include "common/time.h"
#include "init/unit/resource.h"

enum unit_type { UNIT_SERVICE, UNIT_TARGET, UNIT_SLICE, UNIT_TYPE_MAX };

enum unit_load_state {
    UNIT_LOADED,
    UNIT_NOT_FOUND,
    UNIT_BAD_SETTING, /* a setting makes it unusable: load_error says file, line and reason */
    UNIT_ERROR,       /* a file could not be read */
    UNIT_MASKED,
    UNIT_LOAD_STATE_MAX,
};

/* systemd.unit(5). Each has an inverse (unit_dependency_inverse) which the manager's graph adds by itself. */
enum unit_dependency {
    UNIT_REQUIRES,
    UNIT_REQUISITE,
    UNIT_WANTS,
    UNIT_BINDS_TO,
    UNIT_PART_OF,
    UNIT_UPHOLDS,
    UNIT_REQUIRED_BY,
    UNIT_REQUISITE_OF,
    UNIT_WANTED_BY,
    UNIT_BOUND_BY,
    UNIT_CONSISTS_OF,
    UNIT_UPHELD_BY,
    UNIT_CONFLICTS,
    UNIT_CONFLICTED_BY,
    UNIT_BEFORE,
    UNIT_AFTER,
    UNIT_ON_SUCCESS,
    UNIT_ON_SUCCESS_OF,
    UNIT_ON_FAILURE,
    UNIT_ON_FAILURE_OF,
    UNIT_PROPAGATES_RELOAD_TO,
    UNIT_RELOAD_PROPAGATED_FROM,
    UNIT_PROPAGATES_STOP_TO,
    UNIT_STOP_PROPAGATED_FROM,
    UNIT_DEPENDENCY_MAX,
};

enum service_type {
    SERVICE_SIMPLE,
    SERVICE_EXEC,
    SERVICE_FORKING,
    SERVICE_ONESHOT,
    SERVICE_DBUS,
    SERVICE_NOTIFY,
    SERVICE_NOTIFY_RELOAD,
    SERVICE_IDLE,
    SERVICE_TYPE_MAX,
};

enum service_restart {
    RESTART_NO,
    RESTART_ON_SUCCESS,
    RESTART_ON_FAILURE,
    RESTART_ON_ABNORMAL,
    RESTART_ON_WATCHDOG,
    RESTART_ON_ABORT,
    RESTART_ALWAYS,
    SERVICE_RESTART_MAX,
};

/* What a restart looks like to others: a failed unit that starts anew, or one that never was down. */
enum service_restart_mode { RESTART_MODE_NORMAL, RESTART_MODE_DIRECT, RESTART_MODE_MAX };

/* Whose end is the service's. */
enum service_exit_type { EXIT_TYPE_MAIN, EXIT_TYPE_CGROUP, EXIT_TYPE_MAX };

/* How a start or a stop that takes too long is ended. */
enum timeout_failure_mode {
    TIMEOUT_TERMINATE,
    TIMEOUT_ABORT,
    TIMEOUT_KILL,
    TIMEOUT_FAILURE_MODE_MAX,
};

/* What follows when the kernel killed one of its processes for memory. */
enum oom_policy {
    OOM_DEFAULT, /* stop, or continue with Delegate= */
    OOM_CONTINUE,
    OOM_STOP,
    OOM_KILL,
    OOM_POLICY_MAX,
};

/* When what a service leaves with us goes: FileDescriptorStorePreserve=, RuntimeDirectoryPreserve=. */
enum preserve_mode { PRESERVE_NO, PRESERVE_YES, PRESERVE_RESTART, PRESERVE_MODE_MAX };

enum notify_access { NOTIFY_NONE, NOTIFY_MAIN, NOTIFY_EXEC, NOTIFY_ALL, NOTIFY_ACCESS_MAX };

enum kill_mode { KILL_CONTROL_GROUP, KILL_MIXED, KILL_PROCESS, KILL_NONE, KILL_MODE_MAX };

/* What a unit's success or failure does to the whole container: systemd.unit(5), SuccessAction=. */
enum emergency_action {
    ACTION_NONE,
    ACTION_EXIT,
    ACTION_EXIT_FORCE,
    ACTION_REBOOT,
    ACTION_REBOOT_FORCE,
    ACTION_REBOOT_IMMEDIATE,
    ACTION_POWEROFF,
    ACTION_POWEROFF_FORCE,
    ACTION_POWEROFF_IMMEDIATE,
    ACTION_HALT,
    ACTION_HALT_FORCE,
    ACTION_HALT_IMMEDIATE,
    ACTION_KEXEC,
    ACTION_KEXEC_FORCE,
    ACTION_SOFT_REBOOT,
    ACTION_SOFT_REBOOT_FORCE,
    EMERGENCY_ACTION_MAX,
};

/* What a new job does to those that are there: systemctl(1), --job-mode=. */
enum job_mode {
    JOB_REPLACE,
    JOB_FAIL,
    JOB_ISOLATE,
    JOB_IGNORE_DEPENDENCIES,
    JOB_REPLACE_IRREVERSIBLY,
    JOB_IGNORE_REQUIREMENTS,
    JOB_FLUSH,
    JOB_TRIGGERING,
    JOB_MODE_MAX,
};

/* Whether the memory of a failure may go when nobody needs the unit. */
enum collect_mode { COLLECT_INACTIVE, COLLECT_INACTIVE_OR_FAILED, COLLECT_MODE_MAX };

enum _packed_ service_command {
    COMMAND_CONDITION, /* ExecCondition= */
    COMMAND_START_PRE,
    COMMAND_START,
    COMMAND_START_POST,
    COMMAND_RELOAD,
    COMMAND_STOP,
    COMMAND_STOP_POST,
    SERVICE_COMMAND_MAX,
};

/* Prefixes of a command line: systemd.service(5), "Special executable prefixes". */
enum exec_command_flags {
    EXEC_IGNORE_FAILURE = 1 << 0,  /* - */
    EXEC_FULL_PRIVILEGES = 1 << 1, /* + */
    EXEC_NO_SETUID = 1 << 2,       /* ! */
    EXEC_AMBIENT_MAGIC = 1 << 3,   /* !! */
    EXEC_NO_EXPANSION = 1 << 4,    /* : */
    EXEC_VIA_SHELL = 1 << 5,       /* | */
    EXEC_LOGIN_SHELL = 1 << 6,     /* |@ */
};

struct exec_command {
    char *path;  /* absolute, or one word that is looked up in the path; "" with "|": the shell alone */
    char **argv; /* [0] as the process sees it (@); $VAR and ${VAR} not yet expanded, specifiers are */
    unsigned flags;
    struct exec_command *next;
};

enum exec_input {
    INPUT_NULL,
    INPUT_TTY,       /* waits until nobody else has the terminal */
    INPUT_TTY_FORCE, /* takes it from whoever has it */
    INPUT_TTY_FAIL,  /* does not start when somebody has it */
    INPUT_DATA,      /* StandardInputText=, StandardInputData= */
    INPUT_FILE,
    INPUT_PASSED, /* socket, fd, fd:NAME: what a socket unit passes */
    EXEC_INPUT_MAX,
};

enum exec_output {
    OUTPUT_LOG,       /* the container's log stream: unset, journal, journal+console, kmsg, syslog */
    OUTPUT_INHERIT,   /* output: as the input; error: as the output */
    OUTPUT_CONTAINER, /* PID 1's own stream: the command of the container, no file says so */
    OUTPUT_NULL,
    OUTPUT_TTY,
    OUTPUT_FILE,
    OUTPUT_APPEND,
    OUTPUT_TRUNCATE,
    OUTPUT_PASSED, /* socket, fd, fd:NAME */
    EXEC_OUTPUT_MAX,
};

struct environment_file {
    char *path;
    bool optional; /* written with "-" */
};

/* setrlimit(2): what the unit sets of its processes' limits. UINT64_MAX is no limit, as RLIM_INFINITY is. */
#define EXEC_LIMITS 16 /* resources that the kernel has */
struct exec_limits {
    unsigned set; /* bit N: resource N (RLIMIT_…) */
    struct {
        uint64_t soft, hard;
    } of[EXEC_LIMITS];
};

/* sched_setaffinity(2): a mask of so many CPUs, as the kernel takes it. */
#define EXEC_CPUS_MAX 8192
struct exec_cpus {
    unsigned long mask[EXEC_CPUS_MAX / (8 * sizeof(unsigned long))];
};

#define IO_PRIORITY_UNSET    (-1)
#define CPU_POLICY_UNSET     (-1)
#define TIMER_SLACK_UNSET    UINT64_MAX
#define IO_PRIORITY_LEVELS   8
#define IO_CLASS_SHIFT       13 /* ioprio_set(2) */
#define IO_CLASS_BEST_EFFORT 2

/* Directories that a unit has made for it, each kind below a place of its own (/run, /var/lib, ...). */
enum exec_directory_type {
    DIRECTORY_RUNTIME,
    DIRECTORY_STATE,
    DIRECTORY_CACHE,
    DIRECTORY_LOGS,
    DIRECTORY_CONFIGURATION,
    EXEC_DIRECTORY_MAX,
};

struct exec_directory {
    char **names; /* relative to the place, without ".." */
    char **links; /* "NAME:LINK": LINK, relative to the place as well, is a symlink to NAME */
    mode_t mode;
};

/* systemd.exec(5): how a process of the unit comes to be. */
struct exec_context {
    char **environment;      /* "K=V" of Environment= */
    char **pass_environment; /* names */
    char **unset_environment;
    struct environment_file *environment_files;
    size_t n_environment_files;
    char *working_directory; /* NULL: "/"; "~" is the user's home */
    bool working_directory_optional;
    char *user;
    char *group;
    char **supplementary_groups;
    mode_t umask;
    int nice; /* INT_MIN: unset */
    int oom_score_adjust;
    bool no_new_privileges;
    bool ignore_sigpipe;
    struct exec_limits *limits; /* NULL: none */
    struct exec_cpus *cpus;     /* NULL: all */
    int io_priority;            /* class << IO_CLASS_SHIFT | level, or IO_PRIORITY_UNSET */
    int cpu_policy;             /* SCHED_…, or CPU_POLICY_UNSET */
    int cpu_priority;
    bool cpu_reset_on_fork;
    uint64_t timer_slack_nsec; /* or TIMER_SLACK_UNSET */
    uint64_t bounding_set;     /* bit N: capability N stays */
    uint64_t ambient_set;
    int secure_bits;       /* prctl(2)'s SECBIT_… */
    bool dynamic_user;     /* user and group may be names that no file knows */
    int login_environment; /* $HOME, $LOGNAME, $SHELL, $USER: 0, 1, or -1 for those with User= */
    char *root_directory;  /* NULL: PID 1's */
    char **search_path;    /* ExecSearchPath= */
    enum exec_input std_input;
    enum exec_output std_output;
    enum exec_output std_error;
    char *input_path;
    char *input_data;
    size_t input_size;
    char *tty_path; /* NULL: /dev/console */
    bool tty_reset;
    bool tty_vhangup;
    char *output_path;
    char *error_path;
    char *syslog_identifier;
    int syslog_level;         /* of lines without one: syslog(3)'s, 0 (emerg) to 7 (debug) */
    int log_level_max;        /* lines above are dropped */
    bool syslog_level_prefix; /* "<3>" at the beginning of a line is its level, and taken off */
    struct exec_directory directories[EXEC_DIRECTORY_MAX];
    enum preserve_mode runtime_preserve;
};

/* systemd.kill(5) */
struct kill_context {
    enum kill_mode mode;
    int signal;         /* SIGTERM */
    int restart_signal; /* 0: as signal */
    int final_signal;   /* SIGKILL */
    bool send_sighup;
    bool send_sigkill;
    int watchdog_signal; /* SIGABRT */
};

/* Exit codes and signals that count: SuccessExitStatus= and the like. */
struct exit_status_set {
    uint64_t status[4]; /* bit N: exit code N */
    uint64_t signals;   /* bit N: killed by signal N */
};

/* What no file says, and the manager chooses (struct manager_config). */
#define USEC_UNSET  (USEC_INFINITY - 2)
#define BURST_UNSET UINT_MAX

#define TIMEOUT_ABORT_AS_STOP (USEC_INFINITY - 1)

struct service {
    enum service_type type;
    enum service_restart restart;
    enum notify_access notify_access;
    bool remain_after_exit;
    bool guess_main_pid;
    char *pid_file; /* absolute */
    char *bus_name; /* of Type=dbus */
    enum service_exit_type exit_type;
    enum service_restart_mode restart_mode;
    bool root_directory_start_only; /* commands other than ExecStart= stay in PID 1's root */
    usec_t restart_usec;            /* or USEC_UNSET, as the times of the next three */
    usec_t timeout_start;
    usec_t timeout_stop;
    usec_t timeout_abort; /* TIMEOUT_ABORT_AS_STOP: as timeout_stop */
    enum timeout_failure_mode timeout_start_failure_mode;
    enum timeout_failure_mode timeout_stop_failure_mode;
    unsigned restart_steps;   /* from restart_usec to restart_max_delay; 0: it does not grow */
    usec_t restart_max_delay; /* USEC_INFINITY: unset */
    usec_t runtime_max;
    usec_t runtime_random_extra;
    int reload_signal; /* of Type=notify-reload: SIGHUP */
    enum oom_policy oom_policy;
    unsigned fd_store_max;
    enum preserve_mode fd_store_preserve;
    usec_t watchdog;
    struct exit_status_set success_status;
    struct exit_status_set restart_prevent_status;
    struct exit_status_set restart_force_status;
};

struct service_commands {
    struct exec_command *of[SERVICE_COMMAND_MAX];
};

/* Names of units, each list NULL or a strv. */
struct unit_dependencies {
    char **of[UNIT_DEPENDENCY_MAX];
};

enum condition_type {
    CONDITION_PATH_EXISTS,
    CONDITION_PATH_EXISTS_GLOB,
    CONDITION_PATH_IS_DIRECTORY,
    CONDITION_PATH_IS_SYMBOLIC_LINK,
    CONDITION_PATH_IS_MOUNT_POINT,
    CONDITION_PATH_IS_READ_WRITE,
    CONDITION_PATH_IS_ENCRYPTED,
    CONDITION_NEEDS_UPDATE,
    CONDITION_DIRECTORY_NOT_EMPTY,
    CONDITION_FILE_NOT_EMPTY,
    CONDITION_FILE_IS_EXECUTABLE,
    CONDITION_VIRTUALIZATION,
    CONDITION_CAPABILITY,
    CONDITION_KERNEL_COMMAND_LINE,
    CONDITION_AC_POWER,
    CONDITION_USER,
    CONDITION_GROUP,
    CONDITION_ARCHITECTURE,
    CONDITION_FIRMWARE,
    CONDITION_HOST,
    CONDITION_KERNEL_VERSION,
    CONDITION_CREDENTIAL,
    CONDITION_ENVIRONMENT,
    CONDITION_SECURITY,
    CONDITION_FIRST_BOOT,
    CONDITION_CONTROL_GROUP_CONTROLLER,
    CONDITION_MEMORY,
    CONDITION_CPUS,
    CONDITION_CPU_FEATURE,
    CONDITION_OS_RELEASE,
    CONDITION_MEMORY_PRESSURE,
    CONDITION_CPU_PRESSURE,
    CONDITION_IO_PRESSURE,
    CONDITION_KERNEL_MODULE_LOADED,
    CONDITION_TYPE_MAX,
};

struct condition {
    enum condition_type type;
    char *parameter;
    bool negate;  /* ! */
    bool trigger; /* | */
    bool assert_; /* Assert…= instead of Condition…= */
};

/* What follows from its jobs, its starts and its end. */
struct unit_policy {
    usec_t start_limit_interval; /* or USEC_UNSET */
    usec_t job_timeout;
    usec_t job_running_timeout;
    unsigned start_limit_burst; /* or BURST_UNSET */
    enum emergency_action job_timeout_action;
    enum emergency_action start_limit_action;
    enum job_mode on_failure_job_mode;
    enum job_mode on_success_job_mode;
    enum collect_mode collect_mode;
    enum emergency_action success_action;
    enum emergency_action failure_action;
    int success_action_exit_status; /* -1: unset */
    int failure_action_exit_status;
};

struct unit {
    char *name; /* "nginx.service"; its own name, instance included */
    enum unit_type type;
    enum unit_load_state load_state;
    char *load_error;    /* one line: "/etc/…/x.service:12: ExecStart=: not an absolute path", or NULL */
    char *description;   /* never NULL after loading: the name when the file has none */
    char *fragment_path; /* NULL for built-in units */
    char **drop_in_paths;
    char **aliases; /* other names of the same unit: links in the search path, and of the built-in table */
    char **documentation;
    struct unit_dependencies *dependencies; /* default dependencies included */
    bool default_dependencies;
    bool refuse_manual_start;
    bool refuse_manual_stop;
    bool stop_when_unneeded;
    bool ignore_on_isolate;
    bool allow_isolate;
    bool sealed; /* share.h */
    struct condition *conditions;
    size_t n_conditions;

    struct unit_policy *policy;
    struct exec_context *exec;
    struct kill_context *kill;
    struct cgroup_context *cgroup;
    struct service *service; /* of UNIT_SERVICE, as the commands */
    struct service_commands *commands;
};

/* A unit while it is read: with all of its parts. */
struct unit_draft {
    struct unit unit;
    struct unit_policy policy;
    struct exec_context exec;
    struct kill_context kill;
    struct cgroup_context cgroup;
    struct service service;
    struct service_commands commands;
    struct unit_dependencies dependencies;
};

/* A draft of a loaded unit with systemd's defaults for its type and nothing else; NULL without memory.
 * -EINVAL names are the caller's to keep out (unit_name_is_valid in name.h). */
struct unit *unit_new(const char *name);
struct unit *unit_free(struct unit *unit);
/* Adds it unless it is there already or names the unit itself. 0 or -ENOMEM. */
int unit_add_dependency(struct unit *unit, enum unit_dependency dependency, const char *name);
struct exec_command *exec_command_free_list(struct exec_command *command);
void exec_context_forget_environment_files(struct exec_context *exec);

/* Whether that input is a terminal, which output is then, too, unless it is set. */
static inline bool exec_input_is_terminal(enum exec_input input)
{
    return input == INPUT_TTY || input == INPUT_TTY_FORCE || input == INPUT_TTY_FAIL;
}

/* The spelling of unit files and of `systemctl show`; _from_string is -EINVAL for what is none. */
const char *unit_type_to_string(enum unit_type type);
int unit_type_from_string(const char *text);
const char *unit_load_state_to_string(enum unit_load_state state);
int unit_load_state_from_string(const char *text);
const char *unit_dependency_to_string(enum unit_dependency dependency); /* "Requires" */
int unit_dependency_from_string(const char *text);
enum unit_dependency unit_dependency_inverse(enum unit_dependency dependency);
const char *service_type_to_string(enum service_type type);
int service_type_from_string(const char *text);
const char *service_restart_to_string(enum service_restart restart);
int service_restart_from_string(const char *text);
const char *service_restart_mode_to_string(enum service_restart_mode mode);
int service_restart_mode_from_string(const char *text);
const char *service_exit_type_to_string(enum service_exit_type type);
int service_exit_type_from_string(const char *text);
const char *timeout_failure_mode_to_string(enum timeout_failure_mode mode);
int timeout_failure_mode_from_string(const char *text);
const char *oom_policy_to_string(enum oom_policy policy);
int oom_policy_from_string(const char *text);
int preserve_mode_from_string(const char *text); /* or a boolean */
const char *notify_access_to_string(enum notify_access access);
int notify_access_from_string(const char *text);
const char *kill_mode_to_string(enum kill_mode mode);
int kill_mode_from_string(const char *text);
const char *service_command_to_string(enum service_command command); /* "ExecStart" */
int service_command_from_string(const char *text);
const char *job_mode_to_string(enum job_mode mode);
int job_mode_from_string(const char *text);
const char *collect_mode_to_string(enum collect_mode mode);
int collect_mode_from_string(const char *text);
const char *emergency_action_to_string(enum emergency_action action);
const char *exec_limit_to_string(int resource); /* "LimitNOFILE" */
int emergency_action_from_string(const char *text);

bool exit_status_set_has(const struct exit_status_set *set, int code,
                         int status); /* code: CLD_EXITED, CLD_KILLED … */

static inline void cleanup_unit_freep(struct unit **unit)
{
    unit_free(*unit);
}
#define _cleanup_unit_ __attribute__((cleanup(cleanup_unit_freep)))
