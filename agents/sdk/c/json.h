/* A small reader and writer of JSON. */
#ifndef TIMESLIP_JSON_H
#define TIMESLIP_JSON_H

#include "timeslip.h"

/* What a value is. */
typedef enum timeslip_json_kind {
    TIMESLIP_JSON_NULL,
    TIMESLIP_JSON_BOOLEAN,
    TIMESLIP_JSON_NUMBER,
    TIMESLIP_JSON_TEXT,
    TIMESLIP_JSON_LIST,
    TIMESLIP_JSON_OBJECT,
} timeslip_json_kind;

/* A JSON value. */
typedef struct timeslip_json {
    timeslip_json_kind kind;
    bool boolean;
    double number;
    /* A text's value, or a number as it was written. */
    timeslip_text text;
    /* The values of a list or of an object's members. */
    struct timeslip_json *items;
    /* The names of an object's members. */
    timeslip_text *keys;
    size_t count;
} timeslip_json;

/* Reads a JSON text. Gives NULL, and says in `mistake` what is wrong and where, when it is none. */
const timeslip_json *timeslip_json_read(timeslip_session *session, timeslip_text text,
                                        timeslip_text *mistake);

/* The member of an object with this name, or NULL. The last one counts. */
const timeslip_json *timeslip_json_member(const timeslip_json *object, const char *name);

/* Whether a number is whole and fits `value`, which it is then written to. */
bool timeslip_json_integer(const timeslip_json *json, int64_t *value);

/* A JSON text that grows; commas come by themselves. */
typedef struct timeslip_writer {
    timeslip_session *session;
    char *data;
    size_t length;
    size_t capacity;
    bool comma;
} timeslip_writer;

/* An empty text. */
timeslip_writer timeslip_writer_of(timeslip_session *session);

/* Begins an object or a list: '{' or '['. */
void timeslip_write_begin(timeslip_writer *writer, char bracket);

/* Ends it: '}' or ']'. */
void timeslip_write_end(timeslip_writer *writer, char bracket);

/* The name of a member, before its value. */
void timeslip_write_key(timeslip_writer *writer, const char *name);

/* Values. */
void timeslip_write_text(timeslip_writer *writer, timeslip_text text);
void timeslip_write_integer(timeslip_writer *writer, int64_t value);
void timeslip_write_number(timeslip_writer *writer, double value);
void timeslip_write_boolean(timeslip_writer *writer, bool value);
void timeslip_write_null(timeslip_writer *writer);
void timeslip_write_json(timeslip_writer *writer, const timeslip_json *json);

/* A value that is JSON text already. */
void timeslip_write_raw(timeslip_writer *writer, const char *json);

/* What has been written. */
timeslip_text timeslip_written(const timeslip_writer *writer);

#endif
