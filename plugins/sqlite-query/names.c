/* Names of tables and columns: which there are, and which is nearest to one that there is not. */
#include <string.h>

#include "database.h"

static const char *const columns_sql =
    "SELECT t.name, c.name, c.type FROM sqlite_schema AS t, pragma_table_info(t.name) AS c "
    "WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
    "ORDER BY t.rowid, c.cid";

/* Names longer than this are not measured. */
#define NAME_MAX 63

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

/* How many letters are to be added, taken out or changed to make one name the other. */
static size_t distance(const char *left, const char *right) {
    size_t row[NAME_MAX + 1], left_length = strlen(left), right_length = strlen(right);
    if (left_length > NAME_MAX || right_length > NAME_MAX) {
        return SIZE_MAX;
    }
    for (size_t j = 0; j <= right_length; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= left_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= right_length; j++) {
            size_t changed = diagonal + (lower(left[i - 1]) != lower(right[j - 1]));
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[right_length];
}

/* A name so far, and how far it is. */
typedef struct nearest {
    timeslip_text name;
    size_t distance;
} nearest;

static void consider(nearest *best, const char *wanted, const char *name, timeslip_text called) {
    size_t far = distance(wanted, name);
    if (far < best->distance) {
        *best = (nearest){called, far};
    }
}

/* The name after the last dot of what SQLite calls it. */
static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

/* The nearest table, or column of a table. */
static nearest nearest_name(timeslip_session *session, sqlite3 *database, const char *wanted,
                            bool is_column) {
    sqlite3_stmt *row;
    /* At least half of the letters must be right. */
    nearest best = {{NULL, 0}, strlen(wanted) / 2 + 1};
    if (sqlite3_prepare_v2(database, columns_sql, -1, &row, NULL) != SQLITE_OK) {
        return best;
    }
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(row, 0);
        const char *column = (const char *)sqlite3_column_text(row, 1);
        if (is_column) {
            consider(&best, wanted, column, timeslip_format(session, "%s.%s", table, column));
        } else {
            consider(&best, wanted, table, timeslip_format(session, "%s", table));
        }
    }
    sqlite3_finalize(row);
    return best;
}

timeslip_text with_nearest_name(timeslip_session *session, sqlite3 *database,
                                const char *message) {
    static const char no_table[] = "no such table: ", no_column[] = "no such column: ";
    /* SQLite's next call overwrites the message. */
    message = timeslip_format(session, "%s", message).data;
    bool is_column = strncmp(message, no_column, strlen(no_column)) == 0;
    if (!is_column && strncmp(message, no_table, strlen(no_table)) != 0) {
        return timeslip_text_of(message);
    }
    size_t length = is_column ? strlen(no_column) : strlen(no_table);
    const char *wanted = last_part(message + length);
    nearest best = nearest_name(session, database, wanted, is_column);
    if (best.name.data == NULL) {
        return timeslip_format(session, "%s; list_tables says what there is", message);
    }
    return timeslip_format(session, "%s; the nearest is %s", message, best.name.data);
}

/* Begins a table's entry, after the end of the one before. */
static void begin_table(timeslip_writer *writer, timeslip_text name, bool is_first) {
    if (!is_first) {
        timeslip_write_end(writer, ']');
        timeslip_write_end(writer, '}');
    }
    timeslip_write_begin(writer, '{');
    timeslip_write_key(writer, "name");
    timeslip_write_text(writer, name);
    timeslip_write_key(writer, "columns");
    timeslip_write_begin(writer, '[');
}

static void write_tables(timeslip_session *session, timeslip_writer *writer, sqlite3_stmt *row) {
    timeslip_text table = {NULL, 0};
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        if (table.data == NULL || strcmp(table.data, name) != 0) {
            bool is_first = table.data == NULL;
            table = timeslip_format(session, "%s", name);
            begin_table(writer, table, is_first);
        }
        const char *type = (const char *)sqlite3_column_text(row, 2);
        timeslip_write_text(writer, timeslip_format(session, "%s%s%s",
                                                    sqlite3_column_text(row, 1),
                                                    type[0] == 0 ? "" : " ", type));
    }
    if (table.data != NULL) {
        timeslip_write_end(writer, ']');
        timeslip_write_end(writer, '}');
    }
}

timeslip_output read_tables(timeslip_session *session, sqlite3 *database) {
    sqlite3_stmt *row;
    if (sqlite3_prepare_v2(database, columns_sql, -1, &row, NULL) != SQLITE_OK) {
        return timeslip_failed(session, "%s", sqlite3_errmsg(database));
    }
    timeslip_writer writer = timeslip_writer_of(session);
    timeslip_write_begin(&writer, '{');
    timeslip_write_key(&writer, "tables");
    timeslip_write_begin(&writer, '[');
    write_tables(session, &writer, row);
    if (sqlite3_finalize(row) != SQLITE_OK) {
        return timeslip_failed(session, "%s", sqlite3_errmsg(database));
    }
    timeslip_write_end(&writer, ']');
    timeslip_write_end(&writer, '}');
    return timeslip_give_text(timeslip_written(&writer));
}
