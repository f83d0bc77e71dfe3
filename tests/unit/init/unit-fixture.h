/* Units from a file system in memory, and what the loader said about them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/text.h"
#include "init/unit/load.h"

struct memory_file {
    const char *path; /* NULL ends the list */
    const char *text; /* NULL: cannot be read */
    const char *link; /* target of a symlink; its text is what lies behind it */
};

/* The reports of the last load, "PATH:LINE: TEXT" a line. */
static char reports[8192];

static void keep_report(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                        unsigned line, const char *text)
{
    static const char *const levels[] = {"info", "warning", "error"};
    size_t used = strlen(reports);
    (void)snprintf(reports + used, sizeof(reports) - used, "%s:%u: %s: %s\n", path ? path : unit, line,
                   levels[level], text);
}

static int memory_read(void *files, const char *path, char **ret, size_t *ret_size)
{
    for (const struct memory_file *file = files; file->path; file++)
        if (streq(file->path, path)) {
            if (!file->text)
                return file->link ? -ENOENT : -EACCES;
            *ret = strdup(file->text);
            *ret_size = strlen(file->text);
            return 0;
        }
    return -ENOENT;
}

/* Files are declared in the order of their names. */
static int memory_list(void *files, const char *path, char ***ret)
{
    *ret = NULL;
    for (const struct memory_file *file = files; file->path; file++) {
        const char *name = startswith(file->path, path);
        if (name && *name == '/' && !strchr(name + 1, '/') && strv_append(ret, name + 1) < 0)
            return -ENOMEM;
    }
    return *ret ? 0 : -ENOENT;
}

static const char *memory_target(const struct memory_file *files, const char *folder, const char *name)
{
    for (; files->path; files++) {
        const char *rest = startswith(files->path, folder);
        if (rest && *rest == '/' && streq(rest + 1, name))
            return files->link ? files->link : "";
    }
    return "";
}

static int memory_list_links(void *files, const char *path, char ***ret)
{
    _cleanup_strv_ char **names = NULL;
    int r = memory_list(files, path, &names);

    *ret = NULL;
    for (char **name = names; r >= 0 && *name; name++) {
        r = strv_append(ret, *name);
        if (r >= 0)
            r = strv_append(ret, memory_target(files, path, *name));
    }
    return r;
}

static int memory_links_to(void *files, const char *directory, const char *base, char ***ret)
{
    _cleanup_strv_ char **pairs = NULL;
    int r = memory_list_links(files, directory, &pairs);

    for (char **pair = pairs; r >= 0 && pair && *pair; pair += 2) {
        const char *slash = strrchr(pair[1], '/');
        if (streq(slash ? slash + 1 : pair[1], base))
            r = strv_append(ret, pair[0]);
    }
    return r == -ENOMEM ? r : 0;
}

static int memory_read_link(void *files, const char *path, char **ret)
{
    for (const struct memory_file *file = files; file->path; file++)
        if (streq(file->path, path) && file->link) {
            *ret = strdup(file->link);
            return 0;
        }
    return -EINVAL;
}

static const struct unit_files_ops memory_ops = {
    .read = memory_read,
    .list = memory_list,
    .list_links = memory_list_links,
    .read_link = memory_read_link,
    .links_to = memory_links_to,
};
static char *memory_search_path[] = {(char *)"/etc", (char *)"/run", (char *)"/lib", NULL};

static const struct unit_loader memory_loader = {
    .ops = &memory_ops,
    .search_path = memory_search_path,
    .host = {.hostname = "web1.example.org",
             .machine_id = "0123456789abcdef0123456789abcdef",
             .boot_id = "fedcba9876543210fedcba9876543210",
             .user_name = "root",
             .user_home = "/root",
             .user_shell = "/bin/sh",
             .kernel_release = "6.1.0",
             .architecture = "x86-64",
             .os_release = (char *const[]){(char *)"ID=debian", (char *)"VERSION_ID=12", NULL}},
    .report = keep_report,
};

/* The unit of that name from these files; never NULL. */
static inline struct unit *load_from(const struct memory_file *files, const char *name)
{
    struct unit_loader loader = memory_loader;
    struct unit *unit = NULL;
    loader.files = (void *)files;
    reports[0] = 0;
    assert_int_equal(unit_load(&loader, name, &unit), 0);
    return unit;
}

static inline struct unit *load_text_as(const char *name, const char *text)
{
    struct unit *unit = NULL;
    reports[0] = 0;
    assert_int_equal(unit_load_text(&memory_loader, name, "/etc/x", text, strlen(text), &unit), 0);
    return unit;
}

/* A service that has these lines in [Service] behind its ExecStart=. */
static inline struct unit *service_with(const char *lines)
{
    _cleanup_free_ char *text = xasprintf("[Service]\nExecStart=/bin/true\n%s\n", lines);
    return load_text_as("x.service", text);
}

static inline void assert_strv(char *const *strv, const char *joined)
{
    char text[4096] = "";
    for (; strv && *strv; strv++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s[%s]", *text ? " " : "", *strv);
    assert_string_equal(text, joined);
}

static inline bool depends(const struct unit *unit, enum unit_dependency dependency, const char *name)
{
    return strv_contains(unit->dependencies->of[dependency], name);
}
