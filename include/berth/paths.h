/* Where things are on the host and where unit files are looked for in the container. */
#pragma once

/* Host, as root; an ordinary user's are $XDG_RUNTIME_DIR/berth and $XDG_STATE_HOME/berth (launcher/state.c).
 */
#define HOST_RUNTIME_DIR "/run/berth"     /* NAME/{state,lock,control,monitor,log,log.old}: gone at reboot */
#define HOST_STATE_DIR   "/var/lib/berth" /* NAME/{upper,work} of persistent overlays */

/* Container, first match wins: systemd.unit(5), "System Unit Search Path", then berth's own. */
#define UNIT_SEARCH_PATH                                                                                     \
    "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",                           \
        "/usr/lib/systemd/system", "/lib/systemd/system", "/etc/berth/units"
