/* What a tool plugin is written with.
 *
 *     #include "tool.h"
 *
 *     typedef struct numbers { int64_t a, b; } numbers;
 *     static const timeslip_field number_fields[] = {
 *         TIMESLIP_FIELD(numbers, a, .description = "The first number."),
 *         TIMESLIP_FIELD(numbers, b, .preset = "1"),
 *     };
 *     typedef struct sum { int64_t sum; } sum;
 *     static const timeslip_field sum_fields[] = {TIMESLIP_FIELD(sum, sum)};
 *
 *     static timeslip_output add(timeslip_session *session, const void *arguments) {
 *         const numbers *n = arguments;
 *         return TIMESLIP_GIVE(session, sum_fields, &(sum){n->a + n->b});
 *     }
 *
 *     static const timeslip_tool tools[] = {
 *         {"add", "Adds two whole numbers.", TIMESLIP_RECORD(numbers, number_fields),
 *          TIMESLIP_RECORD(sum, sum_fields), TIMESLIP_PURE, add},
 *     };
 *     TIMESLIP_TOOLS(tools);
 *
 * Schemas are made from the tables of fields, and arguments are checked against them before the
 * tool's function is called. What a field holds follows from its type in C: int64_t a whole number,
 * double a number, bool, timeslip_text a text, timeslip_list a list, `const timeslip_json *` any
 * JSON; and a record inside a record is TIMESLIP_INNER. */
#ifndef TIMESLIP_TOOL_H
#define TIMESLIP_TOOL_H

#include "json.h"
#include "timeslip.h"

/* What a field holds. */
typedef enum timeslip_type {
    TIMESLIP_TYPE_INTEGER,
    TIMESLIP_TYPE_NUMBER,
    TIMESLIP_TYPE_BOOLEAN,
    TIMESLIP_TYPE_TEXT,
    TIMESLIP_TYPE_ANY,
    TIMESLIP_TYPE_LIST,
    TIMESLIP_TYPE_RECORD,
} timeslip_type;

/* A list in a record: `count` items, as the field's `items` says. */
typedef struct timeslip_list {
    const void *items;
    size_t count;
} timeslip_list;

struct timeslip_field;

/* A record: its size in C and its fields. */
typedef struct timeslip_record {
    size_t size;
    const struct timeslip_field *fields;
    size_t count;
} timeslip_record;

/* A field of a record. */
typedef struct timeslip_field {
    /* The name in JSON and in C, and its place in the record. */
    const char *name;
    size_t offset;
    timeslip_type type;
    /* For the model to read; may be NULL. */
    const char *description;
    /* The field may be left out; it is zero then, and a text absent. */
    bool optional;
    /* What it is when it is left out, as JSON text; it may be left out when this is given. */
    const char *preset;
    /* The texts it may be, with NULL after the last one; NULL for all. */
    const char *const *choices;
    /* Of a list: what its items are, with `offset` 0. */
    const struct timeslip_field *items;
    /* Of a record, and of a list of records. */
    timeslip_record record;
} timeslip_field;

/* The type of a field, from its type in C. */
#define TIMESLIP_TYPE_OF(value)              \
    _Generic((value),                        \
        int64_t: TIMESLIP_TYPE_INTEGER,      \
        double: TIMESLIP_TYPE_NUMBER,        \
        bool: TIMESLIP_TYPE_BOOLEAN,         \
        timeslip_text: TIMESLIP_TYPE_TEXT,   \
        timeslip_list: TIMESLIP_TYPE_LIST,   \
        const timeslip_json *: TIMESLIP_TYPE_ANY)

/* A field; what follows are members of timeslip_field: `.description = "…"`, `.preset = "1"`. */
#define TIMESLIP_FIELD(owner, member, ...)                                        \
    {.name = #member, .offset = offsetof(owner, member),                          \
     .type = TIMESLIP_TYPE_OF(((owner *)0)->member), __VA_ARGS__}

/* A field that is a record itself. */
#define TIMESLIP_INNER(owner, member, inner, inner_fields, ...)                   \
    {.name = #member, .offset = offsetof(owner, member), .type = TIMESLIP_TYPE_RECORD, \
     .record = TIMESLIP_RECORD(inner, inner_fields), __VA_ARGS__}

/* What the items of a list are, for `.items`: a simple type in C, or a record. */
#define TIMESLIP_ITEMS(type_in_c) \
    (&(const timeslip_field){.type = TIMESLIP_TYPE_OF(*(type_in_c *)0), \
                             .record = {sizeof(type_in_c), NULL, 0}})
#define TIMESLIP_RECORDS(inner, inner_fields) \
    (&(const timeslip_field){.type = TIMESLIP_TYPE_RECORD,  \
                             .record = TIMESLIP_RECORD(inner, inner_fields)})

/* A record and its table of fields; a record without any is TIMESLIP_NOTHING. */
#define TIMESLIP_RECORD(type_in_c, table) \
    {sizeof(type_in_c), table, sizeof(table) / sizeof(*(table))}
#define TIMESLIP_NOTHING {0, NULL, 0}

/* The annotations of a tool that changes nothing and depends on nothing outside. */
#define TIMESLIP_PURE {.read_only = true, .idempotent = true}

/* A tool. */
typedef struct timeslip_tool {
    const char *name;
    const char *description;
    timeslip_record arguments;
    /* The output's fields; TIMESLIP_NOTHING when it is any text. */
    timeslip_record output;
    timeslip_annotations annotations;
    /* Does one call. `arguments` points to the record of arguments. */
    timeslip_output (*call)(timeslip_session *session, const void *arguments);
} timeslip_tool;

/* The component's tools, in their order. */
#define TIMESLIP_TOOLS(table)                        \
    const timeslip_tool *const timeslip_tools = table; \
    const size_t timeslip_tool_count = sizeof(table) / sizeof(*(table))
extern const timeslip_tool *const timeslip_tools;
extern const size_t timeslip_tool_count;

/* A text as the output. */
timeslip_output timeslip_give_text(timeslip_text text);

/* A record as the output, by its address, written as JSON by its table of fields. */
#define TIMESLIP_GIVE(session, table, ...) \
    timeslip_give_record(session, table, sizeof(table) / sizeof(*(table)), __VA_ARGS__)
timeslip_output timeslip_give_record(timeslip_session *session, const timeslip_field *fields,
                                     size_t count, const void *value);

/* The tool tried and failed; made as by printf. */
timeslip_output timeslip_failed(timeslip_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The tool does not accept the arguments; made as by printf. */
timeslip_output timeslip_invalid_arguments(timeslip_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The arguments of this call, as the model wrote them. */
timeslip_text timeslip_arguments(timeslip_session *session);

/* Calls one of the component's tools by its name: what the host does, and tests. */
timeslip_output timeslip_answer(timeslip_session *session, timeslip_text name,
                                timeslip_text arguments);

/* The JSON Schema of a record. */
timeslip_text timeslip_schema(timeslip_session *session, timeslip_record record);

/* What is known of a file. */
typedef struct timeslip_file {
    timeslip_text path;
    uint64_t length;
} timeslip_file;

/* Files. */
typedef struct timeslip_file_list {
    const timeslip_file *items;
    size_t count;
} timeslip_file_list;

/* The granted files whose path begins with `prefix`, sorted by path. */
timeslip_file_list timeslip_list_files(timeslip_session *session, timeslip_text prefix);

/* The whole file. */
timeslip_output timeslip_read_file(timeslip_session *session, timeslip_text path);

/* At most `length` bytes from `offset`; fewer, or none, at the end of the file. */
timeslip_output timeslip_read_file_range(timeslip_session *session, timeslip_text path,
                                         uint64_t offset, uint32_t length);

/* Writes a whole file, in place of what it held. */
timeslip_error timeslip_write_file(timeslip_session *session, timeslip_text path,
                                   timeslip_text contents);

/* Removes a file. */
timeslip_error timeslip_remove_file(timeslip_session *session, timeslip_text path);

/* A line of a request's or a response's head. */
typedef struct timeslip_header {
    timeslip_text name;
    timeslip_text value;
} timeslip_header;

/* A request over HTTP. The host adds `host` and `content-length` by itself. */
typedef struct timeslip_http_request {
    /* In capitals; absent for GET. */
    timeslip_text method;
    timeslip_text url;
    const timeslip_header *headers;
    size_t header_count;
    timeslip_text body;
} timeslip_http_request;

/* A response, whatever its status says; all but `error` is empty when there is an error. */
typedef struct timeslip_http_response {
    timeslip_error error;
    uint16_t status;
    /* Their names are in lower case, in the server's order. */
    const timeslip_header *headers;
    size_t header_count;
    timeslip_text body;
} timeslip_http_response;

/* Sends a request and waits for the whole response. Redirects are not followed. */
timeslip_http_response timeslip_fetch(timeslip_session *session,
                                      const timeslip_http_request *request);

#endif
