/* Tests of the tools' parts on a database in memory, run by `./test` after `./fetch`. */
#include <string.h>

#include "database.h"
#include "testing.h"

static sqlite3 *database;

static const char *const tables =
    "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, price REAL, cover BLOB);"
    "CREATE VIEW titles AS SELECT title FROM books;"
    "INSERT INTO books VALUES (1, 'On Salt', 12.5, x'00ff'), (2, 'Winds', NULL, NULL);";

static timeslip_session *begin(void) {
    timeslip_session *session = timeslip_test_begin();
    use_granted_files(session);
    sqlite3_close(database);
    TIMESLIP_CHECK(sqlite3_open(":memory:", &database) == SQLITE_OK);
    TIMESLIP_CHECK(sqlite3_exec(database, tables, NULL, NULL, NULL) == SQLITE_OK);
    return session;
}

static timeslip_output ask(const char *sql, int64_t rows_max) {
    timeslip_session *session = begin();
    return read_rows(session, database, timeslip_text_of(sql), rows_max);
}

static void is(timeslip_text text, const char *wanted) {
    if (!timeslip_equal(text, timeslip_text_of(wanted))) {
        fprintf(stderr, "got  %s\nwant %s\n", text.data, wanted);
        exit(1);
    }
}

static void gives_rows_of_all_types(void) {
    is(ask("SELECT * FROM books", 9).text,
       "{\"columns\":[\"id\",\"title\",\"price\",\"cover\"],\"rows\":["
       "[1,\"On Salt\",12.5,\"(2 bytes)\"],[2,\"Winds\",null,null]],\"complete\":true}");
    is(ask("SELECT 9e999, 1 / 2, 1 / 2.0", 9).text,
       "{\"columns\":[\"9e999\",\"1 / 2\",\"1 / 2.0\"],\"rows\":[[\"Infinity\",0,0.5]],"
       "\"complete\":true}");
}

static void text_that_is_no_utf8_is_mended(void) {
    is(ask("SELECT CAST(x'41ff42e282ac' AS TEXT) AS t", 9).text,
       "{\"columns\":[\"t\"],\"rows\":[[\"A?B\xE2\x82\xAC\"]],\"complete\":true}");
}

static void rows_and_bytes_have_limits(void) {
    is(ask("SELECT id FROM books ORDER BY id", 1).text,
       "{\"columns\":[\"id\"],\"rows\":[[1]],\"complete\":false}");
    timeslip_output many = ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                               "SELECT i FROM n", 1000000);
    TIMESLIP_CHECK(many.text.length > 65000 && many.text.length < 66000);
    TIMESLIP_CHECK(strstr(many.text.data, "]],\"complete\":false}") != NULL);
    timeslip_output wide = ask("SELECT printf('%.*c', 5000, 'x')", 9);
    TIMESLIP_CHECK(strstr(wide.text.data, "x... (5000 bytes in all)\"") != NULL);
    TIMESLIP_CHECK(wide.text.length < 4300);
}

static void a_query_without_end_is_ended(void) {
    timeslip_output output = ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                 "SELECT count(*) FROM n", 9);
    TIMESLIP_CHECK(output.error.kind == TIMESLIP_FAILED);
    TIMESLIP_CHECK(strstr(output.error.text.data, "takes too long") != NULL);
}

static void only_one_statement_that_reads_is_run(void) {
    const char *const refused[] = {"DELETE FROM books", "CREATE TABLE a (b)", "SELECT 1; SELECT 2",
                                   "", "VACUUM"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        TIMESLIP_CHECK(ask(refused[i], 9).error.kind == TIMESLIP_INVALID_ARGUMENTS);
    }
    is(ask("SELECT count(*) AS n FROM books ; ", 9).text,
       "{\"columns\":[\"n\"],\"rows\":[[2]],\"complete\":true}");
}

static void an_error_names_what_is_nearest(void) {
    is(ask("SELECT * FROM boks", 9).error.text, "no such table: boks; the nearest is books");
    is(ask("SELECT b.titel FROM books AS b", 9).error.text,
       "no such column: b.titel; the nearest is books.title");
    is(ask("SELECT * FROM quarterly", 9).error.text,
       "no such table: quarterly; list_tables says what there is");
    is(ask("SELEC 1", 9).error.text, "near \"SELEC\": syntax error");
}

static void tables_are_listed_with_their_columns(void) {
    timeslip_session *session = begin();
    is(read_tables(session, database).text,
       "{\"tables\":[{\"name\":\"books\",\"columns\":[\"id INTEGER\",\"title TEXT\",\"price REAL\","
       "\"cover BLOB\"]},{\"name\":\"titles\",\"columns\":[\"title TEXT\"]}]}");
}

static void what_is_no_database_is_refused(void) {
    timeslip_session *session = timeslip_test_begin();
    timeslip_test_file("notes.txt", "These are notes, and no database at all.");
    timeslip_output output = timeslip_answer(session, TIMESLIP_TEXT("list_tables"),
                                             TIMESLIP_TEXT("{\"path\":\"notes.txt\"}"));
    is(output.error.text, "notes.txt is no SQLite database");
}

int main(void) {
    gives_rows_of_all_types();
    text_that_is_no_utf8_is_mended();
    rows_and_bytes_have_limits();
    a_query_without_end_is_ended();
    only_one_statement_that_reads_is_run();
    an_error_names_what_is_nearest();
    tables_are_listed_with_their_columns();
    what_is_no_database_is_refused();
    sqlite3_close(database);
    puts("8 tests passed");
}
