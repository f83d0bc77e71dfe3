/* Pages that can be had again, given back. */
#include "init/platform/memory.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_DEPTH (96 * 1024) /* what a deep call may have used: less than the kernel maps at first */

static void give_back(uintptr_t begin, uintptr_t end)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    begin &= ~(page - 1);
    /* Without it they stay, and cost memory. */
    (void)madvise((void *)begin, end - begin, MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
}

/* Only what cannot be written is in the file as it is in memory. The program is linked to fixed addresses. */
static void give_back_program(void)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR); // NOLINT(performance-no-int-to-ptr)
    size_t n = headers ? getauxval(AT_PHNUM) : 0;

    for (size_t i = 0; i < n; i++)
        if (headers[i].p_type == PT_LOAD && !(headers[i].p_flags & PF_W))
            give_back(headers[i].p_vaddr, headers[i].p_vaddr + headers[i].p_memsz);
}

void memory_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t top = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - page;

    give_back_program();
    give_back(top - STACK_DEPTH, top);
}
