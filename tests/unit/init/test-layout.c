/* How large the parts of berth-init are that init/layout.ld lays out, which is what one job and idle services
 * cost in memory. The program is in $BERTH_INIT.
 *
 * The sizes are those of one compiler: with another one, for another machine, with sanitizers, link time
 * optimization or flags of the user the program is right and some pages larger. $BERTH_LAYOUT says why it is
 * no build that they hold for, and the test is skipped then. */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/text.h"

#define PAGE         0x1000U
#define FAULT_AROUND 0x10000U /* what the kernel maps around a page that is touched, at such an address */

#define JOB_PAGES       14
#define SERVICE_WINDOWS 2

static const char *program;

static const Elf64_Ehdr *header(void)
{
    return (const void *)program;
}

static const Elf64_Shdr *find_section(const char *name)
{
    const Elf64_Shdr *sections = (const void *)(program + header()->e_shoff);
    const char *names = program + sections[header()->e_shstrndx].sh_offset;

    for (size_t i = 0; i < header()->e_shnum; i++)
        if (streq(names + sections[i].sh_name, name))
            return sections + i;
    fail_msg("berth-init has no section %s", name);
    return NULL;
}

static void assert_within(const char *name, uint64_t size, uint64_t limit)
{
    if (size > limit)
        fail_msg("%s of init/layout.ld is %llu bytes too large: leave out there what is run rarely", name,
                 (unsigned long long)(size - limit));
}

/* The segment begins with the headers of the file, which are read, too. */
static void one_job_maps_fourteen_pages(void **state)
{
    const Elf64_Phdr *segment = (const void *)(program + header()->e_phoff);
    const Elf64_Shdr *job = find_section(".job");

    assert_int_equal(segment->p_type, PT_LOAD);
    assert_int_equal(segment->p_offset, 0);
    assert_int_equal(job->sh_offset + job->sh_size, segment->p_filesz); /* nothing else is in it */
    assert_within(".job", segment->p_filesz, JOB_PAGES * PAGE);
}

static void an_event_of_a_service_touches_two_windows(void **state)
{
    const Elf64_Shdr *service = find_section(".service");

    assert_int_equal(service->sh_addr % FAULT_AROUND, 0);
    assert_within(".service", service->sh_size, SERVICE_WINDOWS * FAULT_AROUND);
}

static int map_program(void **state)
{
    _cleanup_close_ int fd = open(getenv("BERTH_INIT"), O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -1;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    program = map;
    return map == MAP_FAILED ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_job_maps_fourteen_pages),
        cmocka_unit_test(an_event_of_a_service_touches_two_windows),
    };
    const char *reason = getenv("BERTH_LAYOUT");

    if (reason && *reason) {
        (void)printf("skipped: %s\n", reason);
        return 77;
    }
    return cmocka_run_group_tests(tests, map_program, NULL);
}
