/* The filter's program: from the cache, into the cache, into the kernel. The cache is a file per set of
 * capabilities in the runtime directory, which the next boot finds empty: then a newer libseccomp has its
 * say. */
#include "launcher/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/seccomp-compile.h"
#include "launcher/seccomp-profile.h"
#include "launcher/sha256.h"

#define CACHE_NAME_MAX   64
#define CACHE_HASH_BYTES 20

#define HASH_INIT  UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

/* FNV-1a. It tells one edition of our own tables from the next: nobody else chooses what goes in. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    for (const uint8_t *byte = data; size > 0; byte++, size--)
        hash = (hash ^ *byte) * HASH_PRIME;
    return hash;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return hash_bytes(hash, &number, sizeof(number));
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}

/* Of all that the program is made from. *ret_relevant: the capabilities that make a difference. */
static uint64_t profile_hash(uint64_t *ret_relevant)
{
    uint64_t hash = hash_number(hash_text(HASH_INIT, BERTH_VERSION), SECCOMP_PROFILE_NEWEST);

    *ret_relevant = 0;
    FOREACH_ARRAY (group, seccomp_groups, n_seccomp_groups) {
        *ret_relevant |= group->capabilities;
        hash = hash_number(hash, group->capabilities);
        for (const char *name = group->names; *name; name += strlen(name) + 1)
            hash = hash_text(hash, name);
    }
    FOREACH_ARRAY (rule, seccomp_rules, n_seccomp_rules) {
        *ret_relevant |= rule->unless;
        hash = hash_number(hash_text(hash, rule->name), rule->unless);
        hash = hash_number(hash_number(hash, (uint64_t)rule->error), rule->compare);
        hash = hash_number(hash_number(hash, rule->argument), rule->value);
    }
    return hash;
}

static void cache_name(char name[static CACHE_NAME_MAX], uint64_t capabilities)
{
    uint64_t relevant, hash = profile_hash(&relevant);
    snprintf(name, CACHE_NAME_MAX, ".seccomp-%016llx-%016llx", (unsigned long long)hash,
             (unsigned long long)(capabilities & relevant));
}

/* Ours alone, and of a size that a program can have. */
static bool is_trusted(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 07777) == 0600 &&
           st->st_size > 0 && st->st_size <= (off_t)SECCOMP_PROGRAM_MAX &&
           st->st_size % (off_t)sizeof(struct sock_filter) == 0;
}

/* Every program begins with the number's check and ends with a verdict: one that lost its end does not. */
static bool is_whole(const struct seccomp_program *program)
{
    const struct sock_filter *first = program->instructions, *last = first + program->count - 1;
    return first->code == (BPF_LD | BPF_W | BPF_ABS) && last->code == (BPF_RET | BPF_K);
}

/* 0, or negative when there is none that can be trusted. */
static int cache_read(int dirfd, const char *name, struct seccomp_program *ret)
{
    _cleanup_seccomp_program_ struct seccomp_program program = {};
    struct stat st;

    _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!is_trusted(&st))
        return -EBADMSG;
    program.instructions = malloc((size_t)st.st_size);
    if (!program.instructions)
        return -ENOMEM;
    program.count = (size_t)st.st_size / sizeof(struct sock_filter);
    if (pread(fd, program.instructions, (size_t)st.st_size, 0) != st.st_size || !is_whole(&program))
        return -EBADMSG;
    *ret = program;
    program = (struct seccomp_program){};
    return 0;
}

static int write_new(int dirfd, const char *name, const struct seccomp_program *program)
{
    _cleanup_close_ int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0600) < 0) /* whatever the umask */
        return -errno;
    return write_all(fd, program->instructions, program->count * sizeof(struct sock_filter));
}

/* In one step, so that readers find a whole file. Without it the next run makes the program again, no more.
 */
static void cache_write(int dirfd, const char *name, const struct seccomp_program *program)
{
    char temporary[CACHE_NAME_MAX];

    snprintf(temporary, sizeof(temporary), ".seccomp-new-%d", (int)getpid());
    (void)unlinkat(dirfd, temporary, 0); /* of a dead process that had our number */
    if (write_new(dirfd, temporary, program) < 0 || renameat(dirfd, temporary, dirfd, name) < 0)
        (void)unlinkat(dirfd, temporary, 0);
}

int seccomp_prepare(enum seccomp_mode mode, uint64_t capabilities, int cache_fd, struct seccomp_program *ret,
                    struct failure *failure)
{
    char name[CACHE_NAME_MAX];

    *ret = (struct seccomp_program){};
    if (mode == SECCOMP_OFF)
        return 0;
    cache_name(name, capabilities);
    if (cache_fd >= 0 && cache_read(cache_fd, name, ret) >= 0)
        return 0;
    int r = seccomp_compile(capabilities, ret, failure);
    if (r >= 0 && cache_fd >= 0)
        cache_write(cache_fd, name, ret);
    return r;
}

/* Everything that the program is made from: the file, what its conditions ask for, and our own edition. */
static int content_name(char name[static CACHE_NAME_MAX], const char *text, size_t size,
                        const struct seccomp_situation *situation)
{
    uint8_t hash[SHA256_SIZE];
    _cleanup_free_ char *head =
        xasprintf("%s %016llx %s %u.%u\n", BERTH_VERSION, (unsigned long long)situation->capabilities,
                  situation->machine, situation->kernel_major, situation->kernel_minor);
    _cleanup_free_ char *all = head ? malloc(strlen(head) + size) : NULL;

    if (!all)
        return -ENOMEM;
    memcpy(mempcpy(all, head, strlen(head)), text, size);
    sha256(all, strlen(head) + size, hash);
    int used = snprintf(name, CACHE_NAME_MAX, ".seccomp-file-");
    for (size_t i = 0; i < CACHE_HASH_BYTES; i++)
        used += snprintf(name + used, CACHE_NAME_MAX - (size_t)used, "%02x", hash[i]);
    return 0;
}

static int compile_file(const char *file, const char *text, size_t size,
                        const struct seccomp_situation *situation, struct seccomp_program *ret,
                        struct failure *failure)
{
    _cleanup_seccomp_oci_ struct seccomp_oci profile = {};
    int r = seccomp_oci_read(file, text, size, situation, &profile, failure);
    return r < 0 ? r : seccomp_compile_oci(file, &profile, ret, failure);
}

int seccomp_prepare_file(const char *file, uint64_t capabilities, int cache_fd, struct seccomp_program *ret,
                         struct failure *failure)
{
    struct seccomp_situation situation = {.capabilities = capabilities};
    _cleanup_free_ char *text = NULL;
    char name[CACHE_NAME_MAX];
    struct utsname kernel;
    size_t size;

    *ret = (struct seccomp_program){};
    int r = read_file_at(AT_FDCWD, file, JSON_TEXT_MAX, &text, &size);
    if (r < 0)
        return fail(failure, r, "--seccomp=%s: %s", file, strerror(-r));
    if (uname(&kernel) < 0)
        return fail(failure, -errno, "uname: %m");
    situation.machine = kernel.machine;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers */
    (void)sscanf(kernel.release, "%u.%u", &situation.kernel_major, &situation.kernel_minor);
    r = content_name(name, text, size, &situation);
    if (r < 0)
        return fail(failure, r, "out of memory");
    if (cache_fd >= 0 && cache_read(cache_fd, name, ret) >= 0)
        return 0;
    r = compile_file(file, text, size, &situation, ret, failure);
    if (r >= 0 && cache_fd >= 0)
        cache_write(cache_fd, name, ret);
    return r;
}

static int set_filter(unsigned flags, const struct sock_fprog *program)
{
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

int seccomp_apply(const struct seccomp_program *program, struct failure *failure)
{
    struct sock_fprog kernel = {.len = (unsigned short)program->count, .filter = program->instructions};

    if (program->count == 0)
        return 0;
    /* Without the flag kernels before 5.16 turn speculative store bypass off for each process with a filter,
     * which slows all of them down. The filter keeps programs from the kernel; it is no sandbox inside of one
     * program, which is what that is good for. runc and crun decide the same. */
    int r = set_filter(SECCOMP_FILTER_FLAG_SPEC_ALLOW, &kernel);
    if (r < 0 && errno == EINVAL)
        r = set_filter(0, &kernel); /* before 4.17 */
    if (r >= 0)
        return 0;
    if (errno == EACCES)
        return fail(
            failure, -EACCES,
            "system call filter: CAP_SYS_ADMIN is missing: use --no-new-privileges, or --seccomp=off");
    return fail(failure, -errno, "system call filter: %m: a kernel without it needs --seccomp=off");
}

void seccomp_program_done(struct seccomp_program *program)
{
    free(program->instructions);
    *program = (struct seccomp_program){};
}
