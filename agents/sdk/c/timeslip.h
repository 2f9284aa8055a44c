/* What agents and tools in C are written with.
 *
 * An agent is one function, `timeslip_run`; a tool plugin is a table, `TIMESLIP_TOOLS`. See
 * agent.h and tool.h, which include this file.
 *
 * Everything that a function gives lives in the session's arena: it stays until the session ends
 * (in a tool plugin: until the call of the tool ends), and nobody frees it. */
#ifndef TIMESLIP_H
#define TIMESLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One execution of a task. */
typedef struct timeslip_session timeslip_session;

/* UTF-8 text. A zero follows its end, so that a text without zeros is a C string too; a text whose
 * `data` is NULL is absent. */
typedef struct timeslip_text {
    const char *data;
    size_t length;
} timeslip_text;

/* The text of a string literal, which may contain zeros. */
#define TIMESLIP_TEXT(literal) ((timeslip_text){"" literal, sizeof(literal) - 1})

/* The text of a C string, which is not copied. */
timeslip_text timeslip_text_of(const char *string);

/* A text made as by printf. Takes a text with "%s" and its `data`. */
timeslip_text timeslip_format(timeslip_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Copies bytes into the session's arena, with a zero after them. */
timeslip_text timeslip_copy(timeslip_session *session, const char *data, size_t length);

/* Joins texts. */
timeslip_text timeslip_join(timeslip_session *session, const timeslip_text *parts, size_t count,
                            const char *separator);

/* Whether two texts have the same bytes. */
bool timeslip_equal(timeslip_text left, timeslip_text right);

/* Zeroed memory of the session's arena. */
void *timeslip_allocate(timeslip_session *session, size_t size);

/* Why something gave no value. */
typedef enum timeslip_error_kind {
    TIMESLIP_OK,
    TIMESLIP_REFUSED,
    TIMESLIP_UNKNOWN_MODEL,
    TIMESLIP_CONTEXT_TOO_LONG,
    TIMESLIP_OVER_BUDGET,
    TIMESLIP_INVALID_REQUEST,
    TIMESLIP_UNAVAILABLE,
    TIMESLIP_UNKNOWN_TOOL,
    TIMESLIP_INVALID_ARGUMENTS,
    TIMESLIP_FAILED,
    TIMESLIP_INVALID_OUTPUT,
    TIMESLIP_CRASHED,
    TIMESLIP_NOBODY,
    TIMESLIP_GONE,
    TIMESLIP_NOT_FOUND,
    TIMESLIP_INVALID_PATH,
    TIMESLIP_TIMEOUT,
} timeslip_error_kind;

/* An error: its kind, TIMESLIP_OK for none, and its text for a model or a person to read. */
typedef struct timeslip_error {
    timeslip_error_kind kind;
    timeslip_text text;
} timeslip_error;

/* The kind as the contract spells it: "unknown-model". */
const char *timeslip_error_name(timeslip_error_kind kind);

/* The text of something, or why there is none. */
typedef struct timeslip_output {
    timeslip_error error;
    timeslip_text text;
} timeslip_output;

/* How much a line of the journal matters. */
typedef enum timeslip_level {
    TIMESLIP_DEBUG,
    TIMESLIP_INFO,
    TIMESLIP_WARN,
    TIMESLIP_ERROR,
} timeslip_level;

/* Writes a line to the session's journal, made as by printf. */
void timeslip_log(timeslip_session *session, timeslip_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Nanoseconds since the session began. */
uint64_t timeslip_now(timeslip_session *session);

/* Waits for this many nanoseconds of the session's clock. */
void timeslip_sleep(timeslip_session *session, uint64_t nanoseconds);

/* A random number, drawn from the session's seed. */
uint64_t timeslip_random(timeslip_session *session);

/* Random bytes from the same source, at most 65,536. */
timeslip_text timeslip_random_bytes(timeslip_session *session, uint32_t length);

/* The value that the bench configures under this key; absent if it does not. */
timeslip_text timeslip_config(timeslip_session *session, const char *key);

/* A named part of the session's work, for timelines. */
typedef struct timeslip_span {
    int32_t handle;
} timeslip_span;

/* Begins a part. */
timeslip_span timeslip_span_begin(timeslip_session *session, const char *name);

/* Ends a part. */
void timeslip_span_end(timeslip_span span);

/* A number that may be unlimited. */
typedef struct timeslip_limit {
    bool limited;
    uint64_t left;
} timeslip_limit;

/* What is left of the session's budgets. */
typedef struct timeslip_budget {
    timeslip_limit time_ns;
    timeslip_limit model_calls;
    timeslip_limit tool_calls;
    timeslip_limit output_tokens;
} timeslip_budget;

/* What is left now. */
timeslip_budget timeslip_budget_left(timeslip_session *session);

/* What a tool says of its own behaviour. */
typedef struct timeslip_annotations {
    /* The tool changes nothing. */
    bool read_only;
    /* The tool may destroy or overwrite something. */
    bool destructive;
    /* Calling twice with the same arguments has no further effect. */
    bool idempotent;
    /* The tool reaches beyond the session. */
    bool open_world;
} timeslip_annotations;

/* Ends the program as defective, with a line in the journal. */
_Noreturn void timeslip_crash(timeslip_session *session, const char *text);

#endif
