/* Makes file system calls of one process fail, stop, or be its last. To be preloaded (LD_PRELOAD); Linux, glibc.
 *
 * Counts the calls that concern a path below a prefix, over all threads, and acts on the one with the number `at`.
 * Nothing is counted until `inject_arm` is called, so a process can load everything first, fork, and arm the child:
 * the plan stands in memory that parent and child share, and the parent reads there what came of it when the child
 * is dead. Calls are of two classes: those that change something, and those that only look (or lock, or close).
 *
 *     cc -shared -fPIC -O1 -o inject.so inject.c -ldl
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { COUNT, KILL, FAIL, SHORTEN, STOP, CUT };
enum class { CHANGES = 1, LOOKS = 2 };

/* What the other side reads and writes by ctypes: keep in step with `Plan` in injection.py. */
struct plan {
    long at;           /* the call to act on, from 1; 0: none */
    long times;        /* on how many calls, from that one on; -1: for ever */
    int action;        /* enum action */
    int error;         /* for FAIL: the error number */
    int after;         /* act when the call is done, not before */
    int classes;       /* which calls count: CHANGES, LOOKS or both */
    int without_links; /* symlink(2) is refused, as on file systems that have none */
    int log;           /* a descriptor that gets a line for each call counted; -1: none */
    int device;        /* for CUT: a descriptor of the file system to shut down */
    atomic_int armed;
    atomic_long seen;  /* calls counted */
    atomic_long acted; /* calls acted on */
    char prefix[PATH_MAX];
    char what[64];     /* the first call acted on, and its path */
    char where[PATH_MAX];
};

static struct plan *plan;
static __thread int inside; /* a call of this library's own */

__attribute__((constructor)) static void begin(void) {
    plan = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (plan == MAP_FAILED) _exit(125);
}

struct plan *inject_plan(void) { return plan; }

void inject_arm(void) {
    plan->seen = plan->acted = 0;
    plan->what[0] = plan->where[0] = 0;
    plan->armed = 1;
}

static int find_path(int directory, const char *path, char *found) {
    char link[64], base[PATH_MAX];
    ssize_t length;
    if (path && path[0] == '/') {
        snprintf(found, PATH_MAX, "%s", path);
        return 1;
    }
    if (directory == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/self/cwd");
    else
        snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
    if (length <= 0) return 0;
    base[length] = 0;
    if (path && *path)
        return snprintf(found, PATH_MAX, "%s/%s", base, path) > 0;
    return snprintf(found, PATH_MAX, "%s", base) > 0;
}

static int is_below(const char *path) {
    size_t length = strlen(plan->prefix);
    return !strncmp(path, plan->prefix, length) && (path[length] == '/' || path[length] == 0);
}

static void die(void) {
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* 1: the call is to fail with errno. 2: it is to do half its work. 0: nothing, or the process goes on after a stop. */
static int act(void) {
    unsigned no_log_flush = 2; /* XFS_FSOP_GOING_FLAGS_NOLOGFLUSH, which ext4 understands too */
    switch (plan->action) {
    case KILL:
        die();
        return 0;
    case CUT:
        syscall(SYS_ioctl, plan->device, 0x8004587D, &no_log_flush); /* FS_IOC_SHUTDOWN */
        die();
        return 0;
    case STOP:
        /* To this very thread: sent to the process, another thread could take it, and this one go on for a while. */
        syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), SIGSTOP);
        return 0;
    case FAIL:
        errno = plan->error;
        return 1;
    case SHORTEN:
        return 2;
    default:
        return 0;
    }
}

/* 0: go on. 1: fail with errno. 2: do half. 3: act when it is done. */
static int before(const char *name, int class, int directory, const char *path) {
    char found[PATH_MAX], line[PATH_MAX + 96];
    int verdict = 0, saved = errno;
    long number;
    if (inside || !plan || !plan->armed || !(plan->classes & class)) return 0;
    inside = 1;
    if (find_path(directory, path, found) && is_below(found)) {
        number = ++plan->seen;
        if (plan->log >= 0) {
            int length = snprintf(line, sizeof line, "%ld %s %s\n", number, name, found);
            syscall(SYS_write, plan->log, line, length);
        }
        if (plan->at && number >= plan->at && (plan->times < 0 || number < plan->at + plan->times)) {
            if (!plan->acted++) {
                snprintf(plan->what, sizeof plan->what, "%s", name);
                snprintf(plan->where, sizeof plan->where, "%s", found);
            }
            errno = saved;
            verdict = plan->after ? 3 : act();
        }
    }
    inside = 0;
    if (verdict != 1) errno = saved;
    return verdict;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)
#define END(verdict, type, failed) \
    do { \
        if ((verdict) == 3 && act() == 1) return failed; \
        return result; \
    } while (0)
/* One call: its type, name and parameters; what to call it and which class it is of; where; how to call the real one. */
#define CALL(type, name, parameters, shown, class, directory, path, failed, ...) \
    type name parameters { \
        REAL_OF(type, name, parameters); \
        int verdict = before(shown, class, directory, path); \
        if (verdict == 1) return failed; \
        type result = real(__VA_ARGS__); \
        END(verdict, type, failed); \
    }
#define REAL_OF(type, name, parameters) \
    static type(*real) parameters; \
    if (!real) real = (type(*) parameters)dlsym(RTLD_NEXT, #name)

/* --- opening, reading, writing */

#define WRITES(flags) ((flags) & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR))
#define MODE_OF(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, last); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE_OF(flags, flags) \
        REAL(int, name, const char *, int, ...); \
        int verdict = before(WRITES(flags) ? "create" : "open", WRITES(flags) ? CHANGES : LOOKS, AT_FDCWD, path); \
        if (verdict == 1) return -1; \
        int result = real(path, flags, mode); \
        END(verdict, int, -1); \
    }
#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        MODE_OF(flags, flags) \
        REAL(int, name, int, const char *, int, ...); \
        int verdict = before(WRITES(flags) ? "create" : "open", WRITES(flags) ? CHANGES : LOOKS, directory, path); \
        if (verdict == 1) return -1; \
        int result = real(directory, path, flags, mode); \
        END(verdict, int, -1); \
    }
OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)

#define SIZED(type, name, parameters, shown, class, descriptor, size, ...) \
    type name parameters { \
        REAL_OF(type, name, parameters); \
        int verdict = before(shown, class, descriptor, NULL); \
        if (verdict == 1) return -1; \
        if (verdict == 2 && size > 1) size /= 2; \
        type result = real(__VA_ARGS__); \
        END(verdict, type, -1); \
    }
SIZED(ssize_t, write, (int fd, const void *data, size_t size), "write", CHANGES, fd, size, fd, data, size)
SIZED(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t offset), "write", CHANGES, fd, size, fd, data,
      size, offset)
SIZED(ssize_t, sendfile64, (int out, int in, off64_t *offset, size_t size), "write", CHANGES, out, size, out, in,
      offset, size)
SIZED(ssize_t, copy_file_range, (int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags), "write",
      CHANGES, out, size, in, from, out, to, size, flags)
SIZED(ssize_t, read, (int fd, void *data, size_t size), "read", LOOKS, fd, size, fd, data, size)
SIZED(ssize_t, pread64, (int fd, void *data, size_t size, off64_t offset), "read", LOOKS, fd, size, fd, data, size,
      offset)
CALL(ssize_t, writev, (int fd, const struct iovec *parts, int count), "write", CHANGES, fd, NULL, -1, fd, parts, count)

/* Linux closes the descriptor whatever close(2) answers. */
int close(int fd) {
    REAL(int, close, int);
    int verdict = before("close", LOOKS, fd, NULL);
    int result = real(fd);
    if (verdict == 1) {
        errno = plan->error;
        return -1;
    }
    END(verdict, int, -1);
}

/* --- making it last, and what belongs to a file */

CALL(int, fsync, (int fd), "fsync", CHANGES, fd, NULL, -1, fd)
CALL(int, fdatasync, (int fd), "fsync", CHANGES, fd, NULL, -1, fd)
CALL(int, ftruncate64, (int fd, off64_t size), "truncate", CHANGES, fd, NULL, -1, fd, size)
CALL(int, truncate64, (const char *path, off64_t size), "truncate", CHANGES, AT_FDCWD, path, -1, path, size)
CALL(int, chmod, (const char *path, mode_t mode), "chmod", CHANGES, AT_FDCWD, path, -1, path, mode)
CALL(int, fchmod, (int fd, mode_t mode), "chmod", CHANGES, fd, NULL, -1, fd, mode)
CALL(int, fchmodat, (int directory, const char *path, mode_t mode, int flags), "chmod", CHANGES, directory, path, -1,
     directory, path, mode, flags)
CALL(int, chown, (const char *path, uid_t user, gid_t group), "chown", CHANGES, AT_FDCWD, path, -1, path, user, group)
CALL(int, lchown, (const char *path, uid_t user, gid_t group), "chown", CHANGES, AT_FDCWD, path, -1, path, user, group)
CALL(int, fchown, (int fd, uid_t user, gid_t group), "chown", CHANGES, fd, NULL, -1, fd, user, group)
CALL(int, fchownat, (int directory, const char *path, uid_t user, gid_t group, int flags), "chown", CHANGES, directory,
     path, -1, directory, path, user, group, flags)
CALL(int, futimens, (int fd, const struct timespec times[2]), "utime", CHANGES, fd, NULL, -1, fd, times)
CALL(int, utimensat, (int directory, const char *path, const struct timespec times[2], int flags), "utime", CHANGES,
     directory, path, -1, directory, path, times, flags)
CALL(int, fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags), "xattr", CHANGES, fd, NULL,
     -1, fd, name, value, size, flags)
CALL(int, flock, (int fd, int how), "flock", LOOKS, fd, NULL, -1, fd, how)

/* --- names */

CALL(int, rename, (const char *from, const char *to), "rename", CHANGES, AT_FDCWD, to, -1, from, to)
CALL(int, renameat, (int from_directory, const char *from, int to_directory, const char *to), "rename", CHANGES,
     to_directory, to, -1, from_directory, from, to_directory, to)
CALL(int, renameat2, (int from_directory, const char *from, int to_directory, const char *to, unsigned flags),
     flags & 2 ? "exchange" : "rename", CHANGES, to_directory, to, -1, from_directory, from, to_directory, to, flags)
CALL(int, unlink, (const char *path), "unlink", CHANGES, AT_FDCWD, path, -1, path)
CALL(int, rmdir, (const char *path), "rmdir", CHANGES, AT_FDCWD, path, -1, path)
CALL(int, unlinkat, (int directory, const char *path, int flags), flags ? "rmdir" : "unlink", CHANGES, directory, path,
     -1, directory, path, flags)
CALL(int, mkdir, (const char *path, mode_t mode), "mkdir", CHANGES, AT_FDCWD, path, -1, path, mode)
CALL(int, mkdirat, (int directory, const char *path, mode_t mode), "mkdir", CHANGES, directory, path, -1, directory,
     path, mode)
CALL(int, link, (const char *from, const char *to), "link", CHANGES, AT_FDCWD, to, -1, from, to)
CALL(int, linkat, (int from_directory, const char *from, int to_directory, const char *to, int flags), "link", CHANGES,
     to_directory, to, -1, from_directory, from, to_directory, to, flags)

static int refused(int directory, const char *path) {
    char found[PATH_MAX];
    if (!plan || !plan->armed || !plan->without_links || !find_path(directory, path, found) || !is_below(found)) return 0;
    errno = EPERM;
    return 1;
}
int symlinkat(const char *text, int directory, const char *path) {
    REAL(int, symlinkat, const char *, int, const char *);
    if (refused(directory, path)) return -1;
    int verdict = before("symlink", CHANGES, directory, path);
    if (verdict == 1) return -1;
    int result = real(text, directory, path);
    END(verdict, int, -1);
}
int symlink(const char *text, const char *path) { return symlinkat(text, AT_FDCWD, path); }

/* --- looking */

CALL(int, stat64, (const char *path, struct stat64 *status), "stat", LOOKS, AT_FDCWD, path, -1, path, status)
CALL(int, lstat64, (const char *path, struct stat64 *status), "stat", LOOKS, AT_FDCWD, path, -1, path, status)
CALL(int, fstat64, (int fd, struct stat64 *status), "stat", LOOKS, fd, NULL, -1, fd, status)
CALL(int, fstatat64, (int directory, const char *path, struct stat64 *status, int flags), "stat", LOOKS, directory,
     path, -1, directory, path, status, flags)
CALL(int, stat, (const char *path, struct stat *status), "stat", LOOKS, AT_FDCWD, path, -1, path, status)
CALL(int, lstat, (const char *path, struct stat *status), "stat", LOOKS, AT_FDCWD, path, -1, path, status)
CALL(int, fstat, (int fd, struct stat *status), "stat", LOOKS, fd, NULL, -1, fd, status)
CALL(int, fstatat, (int directory, const char *path, struct stat *status, int flags), "stat", LOOKS, directory, path,
     -1, directory, path, status, flags)
/* The names that programs built on older systems call these by. */
CALL(int, __xstat64, (int version, const char *path, struct stat64 *status), "stat", LOOKS, AT_FDCWD, path, -1, version,
     path, status)
CALL(int, __lxstat64, (int version, const char *path, struct stat64 *status), "stat", LOOKS, AT_FDCWD, path, -1,
     version, path, status)
CALL(int, __fxstat64, (int version, int fd, struct stat64 *status), "stat", LOOKS, fd, NULL, -1, version, fd, status)
CALL(int, __fxstatat64, (int version, int directory, const char *path, struct stat64 *status, int flags), "stat", LOOKS,
     directory, path, -1, version, directory, path, status, flags)
CALL(int, access, (const char *path, int mode), "access", LOOKS, AT_FDCWD, path, -1, path, mode)
CALL(int, faccessat, (int directory, const char *path, int mode, int flags), "access", LOOKS, directory, path, -1,
     directory, path, mode, flags)
CALL(ssize_t, readlink, (const char *path, char *text, size_t size), "readlink", LOOKS, AT_FDCWD, path, -1, path, text,
     size)
CALL(ssize_t, readlinkat, (int directory, const char *path, char *text, size_t size), "readlink", LOOKS, directory,
     path, -1, directory, path, text, size)
CALL(DIR *, opendir, (const char *path), "opendir", LOOKS, AT_FDCWD, path, NULL, path)
CALL(DIR *, fdopendir, (int fd), "opendir", LOOKS, fd, NULL, NULL, fd)
CALL(struct dirent64 *, readdir64, (DIR * folder), "readdir", LOOKS, dirfd(folder), NULL, NULL, folder)
