/* Rows as JSON, within limits. */
#include <math.h>
#include <string.h>

#include "database.h"

/* Bytes of an output, and of one value in it: what a model can read, not what fills its context. */
#define OUTPUT_BYTES_MAX 65536
#define VALUE_BYTES_MAX 4096

/* A query may take so many thousands of SQLite's own instructions; one that takes more is mostly a join
 * that lacks its condition. */
#define THOUSANDS_OF_INSTRUCTIONS_MAX 50000

static int64_t thousands;

static int count_instructions(void *nothing) {
    (void)nothing;
    return ++thousands > THOUSANDS_OF_INSTRUCTIONS_MAX;
}

/* The length of the whole characters in the first `limit` bytes. */
static size_t whole_characters(const char *data, size_t length, size_t limit) {
    if (length <= limit) {
        return length;
    }
    while (limit > 0 && ((unsigned char)data[limit] & 0xC0) == 0x80) {
        limit--;
    }
    return limit;
}

/* How many bytes a character of UTF-8 takes that begins here; 0 when none does. */
static size_t character_length(const unsigned char *bytes, size_t left) {
    unsigned char first = bytes[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3
                    : first < 0xF5 ? 4 : 0;
    if (length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90);
    bool beyond = (first == 0xED && bytes[1] > 0x9F) || (first == 0xF4 && bytes[1] > 0x8F);
    return overlong || beyond ? 0 : length;
}

/* SQLite keeps any bytes as text; what is no UTF-8 becomes question marks. */
static timeslip_text as_utf8(timeslip_session *session, timeslip_text text) {
    char *copy = timeslip_allocate(session, text.length + 1);
    for (size_t i = 0; i < text.length;) {
        const unsigned char *bytes = (const unsigned char *)text.data + i;
        size_t length = character_length(bytes, text.length - i);
        if (length == 0) {
            copy[i++] = '?';
        } else {
            memcpy(copy + i, bytes, length);
            i += length;
        }
    }
    return (timeslip_text){copy, text.length};
}

static void write_text_value(timeslip_writer *writer, sqlite3_stmt *row, int column) {
    const char *data = (const char *)sqlite3_column_text(row, column);
    size_t length = (size_t)sqlite3_column_bytes(row, column);
    size_t shown = whole_characters(data, length, VALUE_BYTES_MAX);
    timeslip_text text = as_utf8(writer->session, (timeslip_text){data, shown});
    if (shown < length) {
        text = timeslip_format(writer->session, "%s... (%zu bytes in all)", text.data, length);
    }
    timeslip_write_text(writer, text);
}

static void write_value(timeslip_writer *writer, sqlite3_stmt *row, int column) {
    double number;
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        timeslip_write_integer(writer, sqlite3_column_int64(row, column));
        return;
    case SQLITE_FLOAT:
        number = sqlite3_column_double(row, column);
        if (isfinite(number)) {
            timeslip_write_number(writer, number);
        } else {
            timeslip_write_text(writer, timeslip_text_of(number > 0 ? "Infinity" : "-Infinity"));
        }
        return;
    case SQLITE_TEXT:
        write_text_value(writer, row, column);
        return;
    case SQLITE_BLOB:
        timeslip_write_text(writer, timeslip_format(writer->session, "(%d bytes)",
                                                    sqlite3_column_bytes(row, column)));
        return;
    default:
        timeslip_write_null(writer);
    }
}

static void write_row(timeslip_writer *writer, sqlite3_stmt *row) {
    timeslip_write_begin(writer, '[');
    for (int column = 0; column < sqlite3_column_count(row); column++) {
        write_value(writer, row, column);
    }
    timeslip_write_end(writer, ']');
}

/* Writes rows up to a limit; says in `complete` whether those are all. */
static int write_rows(timeslip_writer *writer, sqlite3_stmt *row, int64_t rows_max,
                      bool *complete) {
    int code;
    *complete = false;
    while ((code = sqlite3_step(row)) == SQLITE_ROW && rows_max-- > 0) {
        size_t before = writer->length;
        write_row(writer, row);
        if (writer->length > OUTPUT_BYTES_MAX) {
            writer->length = before;
            return SQLITE_OK;
        }
    }
    *complete = code == SQLITE_DONE;
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static timeslip_output failed(timeslip_session *session, sqlite3 *database, int code) {
    if (code == SQLITE_INTERRUPT) {
        return timeslip_failed(session,
                               "the query takes too long: more than %d million of SQLite's "
                               "instructions; does a join lack its condition?",
                               THOUSANDS_OF_INSTRUCTIONS_MAX / 1000);
    }
    timeslip_text text = with_nearest_name(session, database, sqlite3_errmsg(database));
    return timeslip_failed(session, "%s", text.data);
}

static bool is_blank(const char *text) { return text[strspn(text, " \t\r\n;")] == 0; }

/* Why a statement is not for reading rows; NULL when it is. */
static const char *refusal(sqlite3_stmt *statement, const char *rest) {
    if (statement == NULL) {
        return "there is no statement in \"sql\"";
    }
    if (!is_blank(rest)) {
        return "\"sql\" has more than one statement; give one";
    }
    if (!sqlite3_stmt_readonly(statement) || sqlite3_column_count(statement) == 0) {
        return "\"sql\" changes the database or gives no rows; it can only be read, by SELECT";
    }
    return NULL;
}

static timeslip_output give_rows(timeslip_session *session, sqlite3 *database, sqlite3_stmt *row,
                                 int64_t rows_max) {
    bool complete;
    timeslip_writer writer = timeslip_writer_of(session);
    timeslip_write_begin(&writer, '{');
    timeslip_write_key(&writer, "columns");
    timeslip_write_begin(&writer, '[');
    for (int column = 0; column < sqlite3_column_count(row); column++) {
        timeslip_text name = timeslip_text_of(sqlite3_column_name(row, column));
        timeslip_write_text(&writer, as_utf8(session, name));
    }
    timeslip_write_end(&writer, ']');
    timeslip_write_key(&writer, "rows");
    timeslip_write_begin(&writer, '[');
    int code = write_rows(&writer, row, rows_max, &complete);
    if (code != SQLITE_OK) {
        return failed(session, database, code);
    }
    timeslip_write_end(&writer, ']');
    timeslip_write_key(&writer, "complete");
    timeslip_write_boolean(&writer, complete);
    timeslip_write_end(&writer, '}');
    return timeslip_give_text(timeslip_written(&writer));
}

timeslip_output read_rows(timeslip_session *session, sqlite3 *database, timeslip_text sql,
                          int64_t rows_max) {
    sqlite3_stmt *statement;
    const char *rest;
    thousands = 0;
    sqlite3_progress_handler(database, 1000, count_instructions, NULL);
    int code = sqlite3_prepare_v2(database, sql.data, (int)sql.length, &statement, &rest);
    if (code != SQLITE_OK) {
        return failed(session, database, code);
    }
    const char *refused = refusal(statement, rest);
    timeslip_output output = refused == NULL
                                 ? give_rows(session, database, statement, rows_max)
                                 : timeslip_invalid_arguments(session, "%s", refused);
    sqlite3_finalize(statement);
    return output;
}
