/* The files of SQLite: those that the bench grants, for reading. Nobody writes them while a call of
 * this plugin runs, so nothing is locked and no journal is looked for. */
#include <string.h>
#include <time.h>

#include "database.h"

/* A file that SQLite has opened. */
typedef struct granted_file {
    sqlite3_file base;
    timeslip_session *session;
    timeslip_text path;
    uint64_t length;
} granted_file;

static int close_file(sqlite3_file *file) {
    (void)file;
    return SQLITE_OK;
}

/* What lies beyond the end reads as zeros, as SQLite wants it. */
static int read_file(sqlite3_file *file, void *into, int amount, sqlite3_int64 offset) {
    granted_file *granted = (granted_file *)file;
    timeslip_output part = timeslip_read_file_range(granted->session, granted->path,
                                                    (uint64_t)offset, (uint32_t)amount);
    if (part.error.kind != TIMESLIP_OK) {
        return SQLITE_IOERR_READ;
    }
    if (part.text.length != 0) {
        memcpy(into, part.text.data, part.text.length);
    }
    if (part.text.length == (size_t)amount) {
        return SQLITE_OK;
    }
    memset((char *)into + part.text.length, 0, (size_t)amount - part.text.length);
    return SQLITE_IOERR_SHORT_READ;
}

static int refuse_write(sqlite3_file *file, const void *from, int amount, sqlite3_int64 offset) {
    (void)file, (void)from, (void)amount, (void)offset;
    return SQLITE_READONLY;
}

static int refuse_truncate(sqlite3_file *file, sqlite3_int64 size) {
    (void)file, (void)size;
    return SQLITE_READONLY;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    *size = (sqlite3_int64)((granted_file *)file)->length;
    return SQLITE_OK;
}

static int do_nothing(sqlite3_file *file, int how) {
    (void)file, (void)how;
    return SQLITE_OK;
}

static int nobody_writes(sqlite3_file *file, int *reserved) {
    (void)file;
    *reserved = 0;
    return SQLITE_OK;
}

static int know_no_control(sqlite3_file *file, int operation, void *argument) {
    (void)file, (void)operation, (void)argument;
    return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file) {
    (void)file;
    return 0;
}

static int characteristics(sqlite3_file *file) {
    (void)file;
    return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = refuse_write,
    .xTruncate = refuse_truncate,
    .xSync = do_nothing,
    .xFileSize = file_size,
    .xLock = do_nothing,
    .xUnlock = do_nothing,
    .xCheckReservedLock = nobody_writes,
    .xFileControl = know_no_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *flags_out) {
    (void)flags;
    granted_file *granted = (granted_file *)file;
    timeslip_session *session = vfs->pAppData;
    file->pMethods = NULL;
    if (name == NULL) {
        return SQLITE_CANTOPEN;
    }
    timeslip_file_list files = timeslip_list_files(session, timeslip_text_of(name));
    for (size_t i = 0; i < files.count; i++) {
        if (timeslip_equal(files.items[i].path, timeslip_text_of(name))) {
            *granted = (granted_file){{&methods}, session, files.items[i].path,
                                      files.items[i].length};
            if (flags_out != NULL) {
                *flags_out = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
            }
            return SQLITE_OK;
        }
    }
    return SQLITE_CANTOPEN;
}

static int refuse_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs, (void)name, (void)sync;
    return SQLITE_READONLY;
}

static int know_no_journal(sqlite3_vfs *vfs, const char *name, int flags, int *found) {
    (void)vfs, (void)name, (void)flags;
    *found = 0;
    return SQLITE_OK;
}

static int full_path(sqlite3_vfs *vfs, const char *name, int size, char *path) {
    (void)vfs;
    sqlite3_snprintf(size, path, "%s", name);
    return SQLITE_OK;
}

static int random_bytes(sqlite3_vfs *vfs, int count, char *into) {
    timeslip_text bytes = timeslip_random_bytes(vfs->pAppData, (uint32_t)count);
    memcpy(into, bytes.data, bytes.length);
    return (int)bytes.length;
}

static int sleep_microseconds(sqlite3_vfs *vfs, int microseconds) {
    timeslip_sleep(vfs->pAppData, (uint64_t)microseconds * 1000);
    return microseconds;
}

/* Milliseconds of the session's clock since the noon that Julian days are counted from. */
static int current_time(sqlite3_vfs *vfs, sqlite3_int64 *now) {
    (void)vfs;
    static const sqlite3_int64 unix_epoch = 24405875 * (sqlite3_int64)8640000;
    *now = unix_epoch + (sqlite3_int64)time(NULL) * 1000;
    return SQLITE_OK;
}

static sqlite3_vfs granted_files = {
    .iVersion = 2,
    .szOsFile = sizeof(granted_file),
    .mxPathname = 4096,
    .zName = "granted-files",
    .xOpen = open_file,
    .xDelete = refuse_delete,
    .xAccess = know_no_journal,
    .xFullPathname = full_path,
    .xRandomness = random_bytes,
    .xSleep = sleep_microseconds,
    .xCurrentTimeInt64 = current_time,
};

void use_granted_files(timeslip_session *session) { granted_files.pAppData = session; }

int sqlite3_os_init(void) { return sqlite3_vfs_register(&granted_files, 1); }

int sqlite3_os_end(void) { return SQLITE_OK; }
