/* What a boot needed of memory and a supervisor at rest does not. */
#pragma once

/* Lets go of all pages that hold nothing of our own: the program, which the kernel maps again where it is
 * run, and the stack below us. */
void memory_give_back(void);
