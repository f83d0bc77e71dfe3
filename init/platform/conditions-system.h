/* Conditions on the machine, the kernel and the operating system; those on files and users are in
 * conditions.c. */
#pragma once

#include <stdbool.h>

bool condition_architecture(const char *parameter);
bool condition_firmware(const char *parameter);
bool condition_host(const char *parameter);
bool condition_kernel_version(const char *parameter);
bool condition_credential(const char *parameter);
bool condition_environment(char *const *environment, const char *parameter);
bool condition_security(const char *parameter);
bool condition_first_boot(const char *parameter);
bool condition_control_group_controller(const char *parameter);
bool condition_memory(const char *parameter);
bool condition_cpus(const char *parameter);
bool condition_cpu_feature(const char *parameter);
bool condition_os_release(const char *parameter);
bool condition_memory_pressure(const char *parameter);
bool condition_cpu_pressure(const char *parameter);
bool condition_io_pressure(const char *parameter);
bool condition_kernel_module_loaded(const char *parameter);
/* As strcmp(3), by the rules of version numbers: "1.10" is above "1.9", "1~rc1" below "1". */
int compare_versions(const char *a, const char *b);

/* As ConditionArchitecture= has it, or NULL. */
const char *host_architecture(void);
/* os-release(5) as "ID=debian" ...; NULL when there is none. The caller's to free. */
char **host_os_release(void);
