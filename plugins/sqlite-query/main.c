/* A tool plugin that reads SQLite databases among the granted files. */
#include <string.h>

#include "database.h"

/* Whether there is a file of this name beside the database that holds anything. */
static bool has_companion(timeslip_session *session, timeslip_text path, const char *ending) {
    timeslip_text name = timeslip_format(session, "%s%s", path.data, ending);
    timeslip_output bytes = timeslip_read_file_range(session, name, 0, 1);
    return bytes.error.kind == TIMESLIP_OK && bytes.text.length != 0;
}

/* Opens a database; NULL, with the output that says why, when it cannot be read as it stands. */
static sqlite3 *open_database(timeslip_session *session, timeslip_text path, timeslip_output *why) {
    static const char *const companions[] = {"-wal", "-journal"};
    timeslip_output begin = timeslip_read_file_range(session, path, 0, 16);
    if (begin.error.kind != TIMESLIP_OK) {
        *why = timeslip_failed(session, "%s", begin.error.text.data);
        return NULL;
    }
    if (begin.text.length != 16 || memcmp(begin.text.data, "SQLite format 3", 16) != 0) {
        *why = timeslip_failed(session, "%s is no SQLite database", path.data);
        return NULL;
    }
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        if (has_companion(session, path, companions[i])) {
            *why = timeslip_failed(session, "%s has changes that only %s%s holds; open it once for "
                                   "writing, by `sqlite3 %s vacuum`, so that they go into it",
                                   path.data, path.data, companions[i], path.data);
            return NULL;
        }
    }
    use_granted_files(session);
    sqlite3 *database;
    if (sqlite3_open_v2(path.data, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        *why = timeslip_failed(session, "%s cannot be opened: %s", path.data,
                               sqlite3_errmsg(database));
        sqlite3_close(database);
        return NULL;
    }
    /* No other file may be reached by SQL. */
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    return database;
}

typedef struct listing {
    timeslip_text path;
} listing;
static const timeslip_field listing_fields[] = {
    TIMESLIP_FIELD(listing, path, .description = "The file of the database."),
};

typedef struct table {
    timeslip_text name;
    timeslip_list columns;
} table;
static const timeslip_field table_fields[] = {
    TIMESLIP_FIELD(table, name),
    TIMESLIP_FIELD(table, columns, .items = TIMESLIP_ITEMS(timeslip_text)),
};

typedef struct tables_of {
    timeslip_list tables;
} tables_of;
static const timeslip_field tables_fields[] = {
    TIMESLIP_FIELD(tables_of, tables, .items = TIMESLIP_RECORDS(table, table_fields)),
};

static timeslip_output list_tables(timeslip_session *session, const void *arguments) {
    timeslip_output output;
    sqlite3 *database = open_database(session, ((const listing *)arguments)->path, &output);
    if (database != NULL) {
        output = read_tables(session, database);
        sqlite3_close(database);
    }
    return output;
}

typedef struct query {
    timeslip_text path, sql;
    int64_t limit;
} query;
static const timeslip_field query_fields[] = {
    TIMESLIP_FIELD(query, path, .description = "The file of the database."),
    TIMESLIP_FIELD(query, sql, .description = "One SELECT, in SQLite's SQL."),
    TIMESLIP_FIELD(query, limit, .description = "The most rows to give.", .preset = "50"),
};

typedef struct rows {
    timeslip_list columns, rows;
    bool complete;
} rows;
static const timeslip_field rows_fields[] = {
    TIMESLIP_FIELD(rows, columns, .items = TIMESLIP_ITEMS(timeslip_text)),
    TIMESLIP_FIELD(rows, rows, .items = TIMESLIP_ITEMS(const timeslip_json *)),
    TIMESLIP_FIELD(rows, complete, .description = "Whether these are all rows."),
};

static timeslip_output query_database(timeslip_session *session, const void *arguments) {
    const query *wanted = arguments;
    if (wanted->limit < 1) {
        return timeslip_invalid_arguments(session, "\"limit\" must be at least 1");
    }
    timeslip_output output;
    sqlite3 *database = open_database(session, wanted->path, &output);
    if (database != NULL) {
        output = read_rows(session, database, wanted->sql, wanted->limit);
        sqlite3_close(database);
    }
    return output;
}

static const timeslip_tool tools[] = {
    {"list_tables", "Lists the tables and views of a SQLite database with their columns.",
     TIMESLIP_RECORD(listing, listing_fields), TIMESLIP_RECORD(tables_of, tables_fields),
     TIMESLIP_PURE, list_tables},
    {"query_database", "Reads rows of a SQLite database by one SELECT.",
     TIMESLIP_RECORD(query, query_fields), TIMESLIP_RECORD(rows, rows_fields), TIMESLIP_PURE,
     query_database},
};
TIMESLIP_TOOLS(tools);
