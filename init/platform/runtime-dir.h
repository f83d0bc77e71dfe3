/* The one directory that PID 1 would like to write to, for its sockets. It works without any, too. */
#pragma once

/* Makes CONTAINER_RUNTIME_DIR, or else the directory of $BERTH_RUNTIME_DIR, and opens it (O_PATH). The path
 * is the caller's. -errno when neither can be written: sockets are abstract then. */
int runtime_dir_open(char **ret_path, int *ret_fd);
