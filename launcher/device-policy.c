/* The device program of the payload's cgroup, written out by hand: a dozen comparisons need no compiler and
 * no library. */
#include "launcher/devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/cleanup.h"
#include "common/syscalls.h"

/* What may be opened, beside making nodes. ANY matches every minor. */
#define ANY UINT32_MAX
static const struct {
    uint32_t major, minor;
} allowed[] = {
    {1, 3},     {1, 5}, {1, 7}, {1, 8}, {1, 9}, /* null zero full random urandom */
    {5, 0},     {5, 1}, {5, 2},                 /* tty console ptmx */
    {136, ANY},                                 /* pts */
};

/* Registers of the program: R1 is struct bpf_cgroup_dev_ctx on entry, R0 the verdict. */
#define LOAD(register, field)                                                                                \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = register, .src_reg = BPF_REG_1,                        \
        .off = offsetof(struct bpf_cgroup_dev_ctx, field)                                                    \
    }
#define JUMP_IF_NOT_EQUAL(register, value, skip)                                                             \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_JMP32 | BPF_JNE | BPF_K, .dst_reg = register, .off = skip, .imm = (int32_t)(value)       \
    }
#define MOVE(register, value)                                                                                \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = register, .imm = value                               \
    }
#define COPY(register, source)                                                                               \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = register, .src_reg = source                          \
    }
#define AND(register, value)                                                                                 \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_ALU64 | BPF_AND | BPF_K, .dst_reg = register, .imm = value                               \
    }
#define SHIFT_RIGHT(register, bits)                                                                          \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = register, .imm = bits                                \
    }
#define EXIT()                                                                                               \
    (struct bpf_insn)                                                                                        \
    {                                                                                                        \
        .code = BPF_JMP | BPF_EXIT                                                                           \
    }

enum {
    VERDICT = BPF_REG_0,
    TYPE = BPF_REG_2,
    ACCESS = BPF_REG_3,
    MAJOR = BPF_REG_4,
    MINOR = BPF_REG_5,
    MORE = BPF_REG_6, /* what is wanted beyond what is allowed */
};

#define DEVICE_INSTRUCTIONS 8 /* of allow_device() */
#define INSTRUCTIONS_MAX    (64 + DEVICES_MAX * DEVICE_INSTRUCTIONS)

/* One of --device, with the access that it was given. */
static struct bpf_insn *allow_device(struct bpf_insn *next, const struct device_request *device)
{
    uint32_t type = S_ISBLK(device->mode) ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;

    *next++ = JUMP_IF_NOT_EQUAL(TYPE, type, 7);
    *next++ = JUMP_IF_NOT_EQUAL(MAJOR, major(device->number), 6);
    *next++ = JUMP_IF_NOT_EQUAL(MINOR, minor(device->number), 5);
    *next++ = COPY(MORE, ACCESS);
    *next++ = AND(MORE, (int32_t) ~(device->access | BPF_DEVCG_ACC_MKNOD));
    *next++ = JUMP_IF_NOT_EQUAL(MORE, 0, 2);
    *next++ = MOVE(VERDICT, 1);
    *next++ = EXIT();
    return next;
}

/* "type and access in one word": the low half is the type, the high half what is wanted (linux/bpf.h). */
static size_t write_program(const struct container_config *config,
                            struct bpf_insn program[static INSTRUCTIONS_MAX])
{
    struct bpf_insn *next = program;

    *next++ = LOAD(TYPE, access_type);
    *next++ = LOAD(ACCESS, access_type);
    *next++ = LOAD(MAJOR, major);
    *next++ = LOAD(MINOR, minor);
    *next++ = AND(TYPE, 0xffff);
    *next++ = SHIFT_RIGHT(ACCESS, 16);

    *next++ = JUMP_IF_NOT_EQUAL(ACCESS, BPF_DEVCG_ACC_MKNOD, 2);
    *next++ = MOVE(VERDICT, 1);
    *next++ = EXIT();

    *next++ = JUMP_IF_NOT_EQUAL(TYPE, BPF_DEVCG_DEV_CHAR, 0);
    struct bpf_insn *not_a_character_device = next - 1;
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        bool any = allowed[i].minor == ANY;
        *next++ = JUMP_IF_NOT_EQUAL(MAJOR, allowed[i].major, any ? 2 : 3);
        if (!any)
            *next++ = JUMP_IF_NOT_EQUAL(MINOR, allowed[i].minor, 2);
        *next++ = MOVE(VERDICT, 1);
        *next++ = EXIT();
    }
    not_a_character_device->off = (int16_t)(next - not_a_character_device - 1);
    FOREACH_ARRAY (device, config->devices, config->n_devices)
        next = allow_device(next, device);
    *next++ = MOVE(VERDICT, 0);
    *next++ = EXIT();
    return (size_t)(next - program);
}

static int sys_bpf(int command, union bpf_attr *attr, size_t size)
{
    return (int)syscall(SYS_bpf, command, attr, size);
}

int device_policy_attach(int cgroup_fd, const struct container_config *config, struct failure *failure)
{
    struct bpf_insn program[INSTRUCTIONS_MAX];
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .expected_attach_type = BPF_CGROUP_DEVICE,
        .insn_cnt = (uint32_t)write_program(config, program),
        .insns = (uintptr_t)program,
        .license = (uintptr_t) "MIT",
    };
    _cleanup_close_ int fd = sys_bpf(BPF_PROG_LOAD, &load, sizeof(load));
    if (fd < 0)
        return fail(failure, -errno, "device program: %m");
    union bpf_attr attach = {
        .target_fd = (uint32_t)cgroup_fd,
        .attach_bpf_fd = (uint32_t)fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    if (sys_bpf(BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
        return fail(failure, -errno, "device program on the payload's cgroup: %m");
    return 0;
}
