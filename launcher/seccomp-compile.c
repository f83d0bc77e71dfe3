/* The profile goes through libseccomp, which is loaded here and nowhere else: it costs more than the start of
 * a container, and the outcome is kept (seccomp.c). */
#include "launcher/seccomp-compile.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "launcher/seccomp-profile.h"

#if HAVE_SECCOMP
#include <seccomp.h>

#define LIBRARY "libseccomp.so.2"

/* From this number on it is not a running number: ARM's own calls, and x32's with their bit 30. */
#define SPECIAL_NUMBERS 0x0f0000

/* From here on calls have one number on all architectures, and are younger than 2019: what a profile does not
 * name of them it may not have known. */
#define UNIFORM_NUMBERS 424

#define ARCH_NAME_MAX 32

#define BINARY_TREE 2 /* seccomp_attr_set(3) */

/* The functions that are used, with the types that their header gives them. */
struct library {
    void *handle;
    typeof(&seccomp_init) init;
    typeof(&seccomp_release) release;
    typeof(&seccomp_attr_set) attr_set;
    typeof(&seccomp_arch_add) arch_add;
    typeof(&seccomp_rule_add_array) rule_add_array;
    typeof(&seccomp_syscall_resolve_name) resolve_name;
    typeof(&seccomp_syscall_resolve_num_arch) resolve_number;
    typeof(&seccomp_export_bpf) export_bpf;
    typeof(&seccomp_arch_resolve_name) resolve_arch;
};

struct compiler {
    struct library library;
    scmp_filter_ctx filter;
};

static void compiler_done(struct compiler *compiler)
{
    if (compiler->filter)
        compiler->library.release(compiler->filter);
    if (compiler->library.handle)
        (void)dlclose(compiler->library.handle);
}

static int library_open(struct library *library, struct failure *failure)
{
    const struct {
        const char *name;
        void *pointer;
    } functions[] = {
        {"seccomp_init", &library->init},
        {"seccomp_release", &library->release},
        {"seccomp_attr_set", &library->attr_set},
        {"seccomp_arch_add", &library->arch_add},
        {"seccomp_rule_add_array", &library->rule_add_array},
        {"seccomp_syscall_resolve_name", &library->resolve_name},
        {"seccomp_syscall_resolve_num_arch", &library->resolve_number},
        {"seccomp_export_bpf", &library->export_bpf},
        {"seccomp_arch_resolve_name", &library->resolve_arch},
    };
    library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle)
        return fail(failure, -ENOENT, "system call filter: %s: install libseccomp2, or use --seccomp=off",
                    dlerror());
    FOREACH_ARRAY (function, functions, ELEMENTSOF(functions)) {
        void *symbol = dlsym(library->handle, function->name);
        if (!symbol)
            return fail(failure, -ENOENT,
                        "system call filter: " LIBRARY
                        " has no %s: install a newer libseccomp2, or use --seccomp=off",
                        function->name);
        memcpy(function->pointer, &symbol, sizeof(symbol));
    }
    return 0;
}

/* The two other ways in that an x86 kernel has; elsewhere programs of another architecture are killed. */
static int add_architectures(struct compiler *compiler)
{
#if defined(__x86_64__)
    static const uint32_t architectures[] = {SCMP_ARCH_X86, SCMP_ARCH_X32};
    FOREACH_ARRAY (architecture, architectures, ELEMENTSOF(architectures)) {
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
        int r = compiler->library.arch_add(compiler->filter, *architecture);
        if (r < 0)
            return r;
    }
#endif
    return 0;
}

static int add_rule(struct compiler *compiler, const struct seccomp_rule *rule)
{
    const struct scmp_arg_cmp compares[] = {
        [SECCOMP_ANY] = {},
        [SECCOMP_EQUAL] = {rule->argument, SCMP_CMP_EQ, rule->value, 0},
        [SECCOMP_LESS] = {rule->argument, SCMP_CMP_LT, rule->value, 0},
        [SECCOMP_NO_BITS] = {rule->argument, SCMP_CMP_MASKED_EQ, rule->value, 0},
    };
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    int number = compiler->library.resolve_name(rule->name);
    if (number == __NR_SCMP_ERROR)
        return 0; /* newer than the library, or obsolete and gone: see newest_known() */
    return compiler->library.rule_add_array(
        compiler->filter, rule->error ? SCMP_ACT_ERRNO((uint32_t)rule->error) : SCMP_ACT_ALLOW, number,
        rule->compare != SECCOMP_ANY, &compares[rule->compare]);
}

static int add_group(struct compiler *compiler, const struct seccomp_group *group)
{
    for (const char *name = group->names; *name; name += strlen(name) + 1) {
        int r = add_rule(compiler, &(const struct seccomp_rule){.name = name});
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_profile(struct compiler *compiler, uint64_t capabilities)
{
    /* A tree by number instead of a list: the kernel walks the program for each number when it takes it. A
     * library that has no trees makes the list. */
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    (void)compiler->library.attr_set(compiler->filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
    int r = add_architectures(compiler);
    for (size_t i = 0; i < n_seccomp_groups && r >= 0; i++)
        if (seccomp_groups[i].capabilities == 0 || (seccomp_groups[i].capabilities & capabilities))
            r = add_group(compiler, &seccomp_groups[i]);
    for (size_t i = 0; i < n_seccomp_rules && r >= 0; i++)
        if (!(seccomp_rules[i].unless & capabilities))
            r = add_rule(compiler, &seccomp_rules[i]);
    return r;
}

/* The newest call that both the profile and the library know. What is above was not looked at, or could not
 * be allowed by name. */
static uint32_t newest_known(const struct compiler *compiler)
{
    for (int number = SECCOMP_PROFILE_NEWEST; number > 0; number--) {
        _cleanup_free_ char *name = compiler->library.resolve_number(SCMP_ARCH_NATIVE, number);
        if (name)
            return (uint32_t)number;
    }
    return SPECIAL_NUMBERS; /* numbers begin elsewhere: nothing is told from them */
}

/* What libseccomp makes, behind what it cannot: calls that are too new, above newest, do not exist. */
static int export_program(const struct compiler *compiler, uint32_t newest, struct seccomp_program *ret)
{
    const struct sock_filter newer[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, SPECIAL_NUMBERS, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    _cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return -errno;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    int r = compiler->library.export_bpf(compiler->filter, fd);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return -errno;
    size_t size = (size_t)st.st_size;
    if (size == 0 || size % sizeof(struct sock_filter) != 0 || size + sizeof(newer) > SECCOMP_PROGRAM_MAX)
        return -EFBIG;
    _cleanup_free_ struct sock_filter *instructions = malloc(sizeof(newer) + size);
    if (!instructions)
        return -ENOMEM;
    memcpy(instructions, newer, sizeof(newer));
    if (pread(fd, instructions + ELEMENTSOF(newer), size, 0) != st.st_size)
        return -EIO;
    ret->count = ELEMENTSOF(newer) + size / sizeof(struct sock_filter);
    ret->instructions = TAKE_PTR(instructions);
    return 0;
}

int seccomp_compile(uint64_t capabilities, struct seccomp_program *ret, struct failure *failure)
{
    _cleanup_(compiler_done) struct compiler compiler = {};

    int r = library_open(&compiler.library, failure);
    if (r < 0)
        return r;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    compiler.filter = compiler.library.init(SCMP_ACT_ERRNO(EPERM));
    r = compiler.filter ? add_profile(&compiler, capabilities) : -ENOMEM;
    if (r >= 0)
        r = export_program(&compiler, newest_known(&compiler), ret);
    return r < 0 ? fail(failure, r, "system call filter: libseccomp: %s", strerror(-r)) : 0;
}

/* A profile of the user's */

/* "SCMP_ARCH_X86" is "x86" to libseccomp. */
static int add_oci_architecture(const struct compiler *compiler, const char *name)
{
    char lower[ARCH_NAME_MAX] = "";
    const char *rest = startswith(name, "SCMP_ARCH_");

    for (size_t i = 0; rest && rest[i] && i + 1 < sizeof(lower); i++)
        lower[i] = (char)tolower((unsigned char)rest[i]);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    uint32_t token = compiler->library.resolve_arch(lower);
    if (token == 0)
        return -EINVAL;
    int r = compiler->library.arch_add(compiler->filter, token);
    return r == -EEXIST ? 0 : r;
}

static int add_oci_rule(const struct compiler *compiler, const struct seccomp_oci *profile,
                        const struct seccomp_oci_rule *rule, uint32_t *newest)
{
    struct scmp_arg_cmp compares[SECCOMP_ARGUMENTS_MAX];
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    int number = compiler->library.resolve_name(rule->name);

    if (number == __NR_SCMP_ERROR)
        return 0; /* of another architecture, or newer than the library */
    if (number > (int)*newest && number < SPECIAL_NUMBERS)
        *newest = (uint32_t)number;
    if (rule->action == profile->default_action)
        return 0; /* which libseccomp takes for a mistake */
    for (unsigned i = 0; i < rule->n_conditions; i++) {
        const struct seccomp_condition *from = &rule->conditions[i];
        compares[i] = (struct scmp_arg_cmp){from->argument, (enum scmp_compare)from->operator, from->value,
                                            from->value_two};
    }
    return compiler->library.rule_add_array(compiler->filter, rule->action, number, rule->n_conditions,
                                            compares);
}

static int add_oci(const char *file, const struct compiler *compiler, const struct seccomp_oci *profile,
                   uint32_t *newest, struct failure *failure)
{
    FOREACH_ARRAY (name, profile->architectures, profile->n_architectures) {
        int r = add_oci_architecture(compiler, *name);
        if (r < 0)
            return fail(failure, r, "--seccomp=%s: architecture %.40s: %s", file, *name, strerror(-r));
    }
    FOREACH_ARRAY (rule, profile->rules, profile->n_rules) {
        int r = add_oci_rule(compiler, profile, rule, newest);
        if (r < 0)
            return fail(failure, r, "--seccomp=%s: rule for %.40s: libseccomp: %s", file, rule->name,
                        strerror(-r));
    }
    return 0;
}

/* Where the default is another error or a death, calls that were not thought of do not exist: else a libc
 * would take the error for an answer. What allows by default, or says so itself, says it of them, too. */
static bool hides_newer_calls(const struct seccomp_oci *profile)
{
    return (profile->default_action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

int seccomp_compile_oci(const char *file, const struct seccomp_oci *profile, struct seccomp_program *ret,
                        struct failure *failure)
{
    _cleanup_(compiler_done) struct compiler compiler = {};
    uint32_t newest = UNIFORM_NUMBERS - 1;

    int r = library_open(&compiler.library, failure);
    if (r < 0)
        return r;
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    compiler.filter = compiler.library.init(profile->default_action);
    if (!compiler.filter)
        return fail(failure, -EINVAL, "--seccomp=%s: libseccomp refuses its defaultAction", file);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): library_open() fails or sets all of them */
    (void)compiler.library.attr_set(compiler.filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
    r = add_oci(file, &compiler, profile, &newest, failure);
    if (r < 0)
        return r;
    r = export_program(&compiler, hides_newer_calls(profile) ? newest : SPECIAL_NUMBERS, ret);
    return r < 0 ? fail(failure, r, "--seccomp=%s: libseccomp: %s", file, strerror(-r)) : 0;
}
#else
int seccomp_compile_oci(const char *file, const struct seccomp_oci *profile, struct seccomp_program *ret,
                        struct failure *failure)
{
    return seccomp_compile(0, ret, failure);
}

int seccomp_compile(uint64_t capabilities, struct seccomp_program *ret, struct failure *failure)
{
    return fail(failure, -EOPNOTSUPP,
                "system call filter: berth was built without libseccomp: use --seccomp=off");
}
#endif
