/* What the files of the control server share: the server, a client, sending to it. */
#pragma once

#include "common/record.h"
#include "init/control/request.h"
#include "init/control/server.h"

#define CONTROL_LISTENERS_MAX 4
#define CONTROL_OUTPUT_MAX    (256 * 1024) /* bytes that wait for a client that does not read */

struct control_client;

/* A packet that the client's socket did not take yet. */
struct control_packet {
    struct control_packet *next;
    size_t size;
    char data[];
};

/* One unit of a request that makes jobs, until its job has ended. */
struct control_job {
    uint32_t id; /* 0: there is none (any more) */
    char *unit;
    const char *result; /* of the protocol, NULL: not yet */
    char *message;      /* for a person, or NULL */
    int exit_status;
    bool awaits_end; /* --wait: it is up, the answer comes when it is down */
};

/* Goes through units, a record at a time, as fast as the client reads. */
struct control_walk {
    bool active;
    size_t cursor; /* manager_next_unit()'s, or the index of the request's word */
    bool any;      /* one at least is as the verb asks: running, failed */
    bool unknown;  /* one at least does not exist */
    bool all_good; /* none is otherwise */
};

struct control_client {
    struct loop_source source;
    struct control_server *server;
    bool may_change;
    bool asked;     /* its request has been read */
    bool reexecs;   /* it waits for the PID 1 that comes */
    bool finishing; /* the result is sent or waits to be: close when it is out */
    bool dead;      /* to be freed when nobody looks at it */
    char *packet;
    struct control_request request;
    const struct control_verb *verb;
    struct control_packet *head, **tail;
    size_t queued; /* bytes */
    struct control_walk walk;
    struct control_job *jobs;
    size_t n_jobs;
    char **log_units;      /* strv: whose lines it wants; NULL: all */
    uint64_t log_sequence; /* of the next line that it gets */
    struct log_follower follower;
    uint64_t skipped; /* lines that it was too slow for */
    bool awaits_boot; /* is-system-running --wait */
};

struct control_listener {
    struct loop_source source;
    struct control_server *server;
    bool trusted;
};

struct control_server {
    struct loop *loop;
    struct manager *manager;
    struct logs *logs;
    const struct control_server_ops *ops;
    void *userdata;
    struct control_listener listeners[CONTROL_LISTENERS_MAX];
    size_t n_listeners;
    struct control_client *clients[CONTROL_CLIENTS_MAX]; /* the oldest first */
    size_t n_clients;
    int spare;     /* kept open for a client who comes when there are no descriptors left; -EBADF: in use */
    unsigned busy; /* depth of calls that hold a client: nothing is freed meanwhile */
    /* Jobs that end while they are enqueued: their client does not know the number yet. */
    bool enqueuing;
    struct job_report *early; /* without names */
    size_t n_early;
};

struct control_verb {
    const char *name;
    size_t min_args, max_args;
    bool needs_privilege;
    bool takes_units; /* its arguments are names of units, or patterns of them */
    /* Answers or begins to. Negative: no memory or the like, which ends the client. */
    int (*handle)(struct control_client *client);
    /* Next step of a walk: 1 more to come, 0 done, -errno. */
    int (*walk)(struct control_client *client);
    intptr_t argument; /* the handler's own */
};

/* Beyond enum job_type: what the unit's state makes one of, and a mode. */
enum { VERB_RELOAD_OR_RESTART = JOB_TYPE_MAX, VERB_TRY_RELOAD_OR_RESTART, VERB_ISOLATE };

/* verbs.c: NULL when there is none of that name. */
const struct control_verb *control_verb_find(const char *name);
/* verbs.c: answers those who wait for the end of the boot, when it has come or never will. */
void control_boot_changed(struct control_server *server);

/* server.c: frees the dead, unless somebody up the stack holds a client. */
void control_server_sweep(struct control_server *server);

/* client.c */
struct control_client *control_client_new(struct control_server *server, int fd, bool may_change);
struct control_client *control_client_free(struct control_client *client);
/* Queues when the socket is full; a client that lets too much wait is dropped. */
void control_client_send(struct control_client *client, const struct record *record);
/* The last record. message NULL: none. */
void control_client_finish(struct control_client *client, const char *result, int exit_status,
                           const char *message);
/* Begins to send what the verb's walk() gives. */
void control_client_walk(struct control_client *client);
/* A line of a service (log_line_fn's shape); one that does not fit is counted and left out. */
int control_client_log_line(void *userdata, const struct log_line *line);

/* unit-record.c */
void control_record_manager(const struct control_server *server, struct record *record);
void control_record_unit(const struct control_server *server, const struct manager_unit *unit,
                         struct record *record);
/* The same with what the files say and with the dependencies: for show. */
void control_record_details(const struct control_server *server, const struct manager_unit *unit,
                            struct record *record);
/* Only the state, its times and the dependencies. */
void control_record_graph(const struct manager_unit *unit, struct record *record);
/* Why the unit failed: "exit code 1", "EXEC: /usr/bin/x: No such file or directory". New string or NULL. */
char *control_describe_failure(const struct manager_unit *unit);

/* jobs.c: the handlers of start, stop, ... and the end of a job for all who wait. */
int control_verb_job(struct control_client *client);
void control_jobs_unit_changed(struct control_server *server, const struct manager_unit *unit);
void control_jobs_finished(struct control_server *server, const struct job_report *report);
void control_jobs_done(struct control_client *client);

/* job-verbs.c */
int control_verb_list_jobs(struct control_client *client);
int control_verb_cancel(struct control_client *client);

/* reexec-verb.c */
int control_verb_reexec(struct control_client *client);

/* environment-verbs.c */
int control_verb_show_environment(struct control_client *client);
int control_verb_change_environment(struct control_client *client); /* argument: set, else unset */

/* log-verb.c */
#define LOGS_UNITS_MAX 16 /* each is looked at for every line that a service prints */
int control_verb_logs(struct control_client *client);
int control_walk_logs(struct control_client *client);

/* lookup.c: the unit of a user's word. 0, -EINVAL for no name, -ENOENT for a unit that is not known.
 * *ret_name is new. */
int control_find_unit(const struct control_client *client, const char *word, char **ret_name,
                      struct manager_unit **ret);
