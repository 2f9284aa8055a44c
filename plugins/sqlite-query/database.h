/* What the plugin's own files share. */
#ifndef DATABASE_H
#define DATABASE_H

#include "sqlite/sqlite3.h"
#include "tool.h"

/* Makes granted files what SQLite opens, for reading alone. */
void use_granted_files(timeslip_session *session);

/* Reads rows, at most `rows_max` of them: an object of columns, rows and whether those are all. */
timeslip_output read_rows(timeslip_session *session, sqlite3 *database, timeslip_text sql,
                          int64_t rows_max);

/* Says of SQLite's message which name there is that is nearest to the one that there is not. */
timeslip_text with_nearest_name(timeslip_session *session, sqlite3 *database, const char *message);

/* The tables and views with their columns. */
timeslip_output read_tables(timeslip_session *session, sqlite3 *database);

#endif
