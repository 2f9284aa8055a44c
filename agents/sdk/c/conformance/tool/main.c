/* The conformance tool plugin, whose definitions are the same in every language. */
#include "tool.h"

typedef struct pair {
    int64_t a, b;
} pair;
static const timeslip_field pair_fields[] = {TIMESLIP_FIELD(pair, a), TIMESLIP_FIELD(pair, b)};

typedef struct sum {
    int64_t sum;
} sum;
static const timeslip_field sum_fields[] = {TIMESLIP_FIELD(sum, sum)};

static timeslip_output add(timeslip_session *session, const void *arguments) {
    const pair *numbers = arguments;
    return TIMESLIP_GIVE(session, sum_fields, &(sum){numbers->a + numbers->b});
}

typedef struct greeting {
    timeslip_text name;
    bool excited;
} greeting;
static const timeslip_field greeting_fields[] = {
    TIMESLIP_FIELD(greeting, name),
    TIMESLIP_FIELD(greeting, excited, .preset = "false"),
};

static timeslip_output greet(timeslip_session *session, const void *arguments) {
    const greeting *wanted = arguments;
    timeslip_text parts[] = {TIMESLIP_TEXT("Hello, "), wanted->name,
                             wanted->excited ? TIMESLIP_TEXT("!") : TIMESLIP_TEXT(".")};
    return timeslip_give_text(timeslip_join(session, parts, 3, ""));
}

typedef struct mistake {
    timeslip_text message;
} mistake;
static const timeslip_field mistake_fields[] = {TIMESLIP_FIELD(mistake, message)};

static timeslip_output fail(timeslip_session *session, const void *arguments) {
    return timeslip_failed(session, "%s", ((const mistake *)arguments)->message.data);
}

typedef struct duration {
    int64_t milliseconds;
} duration;
static const timeslip_field duration_fields[] = {TIMESLIP_FIELD(duration, milliseconds)};

typedef struct waiting {
    int64_t waited;
} waiting;
static const timeslip_field waiting_fields[] = {TIMESLIP_FIELD(waiting, waited)};

static timeslip_output wait(timeslip_session *session, const void *arguments) {
    const duration *wanted = arguments;
    timeslip_sleep(session, (uint64_t)wanted->milliseconds * 1000 * 1000);
    return TIMESLIP_GIVE(session, waiting_fields, &(waiting){wanted->milliseconds});
}

typedef struct anything {
    const timeslip_json *value;
} anything;
static const timeslip_field anything_fields[] = {TIMESLIP_FIELD(anything, value)};

static timeslip_output echo(timeslip_session *session, const void *arguments) {
    (void)arguments;
    return timeslip_give_text(timeslip_arguments(session));
}

static timeslip_output crash(timeslip_session *session, const void *arguments) {
    (void)arguments;
    timeslip_crash(session, "a defect");
}

static timeslip_output bad_output(timeslip_session *session, const void *arguments) {
    (void)session, (void)arguments;
    return timeslip_give_text(TIMESLIP_TEXT("{\"sum\":\"x\"}"));
}

typedef struct file {
    timeslip_text path;
} file;
static const timeslip_field file_fields[] = {TIMESLIP_FIELD(file, path)};

static timeslip_output read(timeslip_session *session, const void *arguments) {
    timeslip_output contents = timeslip_read_file(session, ((const file *)arguments)->path);
    if (contents.error.kind != TIMESLIP_OK) {
        return timeslip_failed(session, "%s", contents.error.text.data);
    }
    return contents;
}

static const timeslip_tool tools[] = {
    {"add", "Adds two whole numbers.", TIMESLIP_RECORD(pair, pair_fields),
     TIMESLIP_RECORD(sum, sum_fields), TIMESLIP_PURE, add},
    {"greet", "Greets somebody.", TIMESLIP_RECORD(greeting, greeting_fields), TIMESLIP_NOTHING,
     TIMESLIP_PURE, greet},
    {"fail", "Fails with a message.", TIMESLIP_RECORD(mistake, mistake_fields), TIMESLIP_NOTHING,
     TIMESLIP_PURE, fail},
    {"wait", "Waits.", TIMESLIP_RECORD(duration, duration_fields),
     TIMESLIP_RECORD(waiting, waiting_fields), TIMESLIP_PURE, wait},
    {"echo", "Gives its value back.", TIMESLIP_RECORD(anything, anything_fields), TIMESLIP_NOTHING,
     TIMESLIP_PURE, echo},
    {"crash", "Crashes.", TIMESLIP_NOTHING, TIMESLIP_NOTHING, TIMESLIP_PURE, crash},
    {"bad_output", "Gives an output that breaks its schema.", TIMESLIP_NOTHING,
     TIMESLIP_RECORD(sum, sum_fields), TIMESLIP_PURE, bad_output},
    {"read", "Reads a granted file.", TIMESLIP_RECORD(file, file_fields), TIMESLIP_NOTHING,
     TIMESLIP_PURE, read},
};
TIMESLIP_TOOLS(tools);
