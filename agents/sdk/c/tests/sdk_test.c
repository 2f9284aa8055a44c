/* Tests of what the SDK itself computes: JSON, schemas, records. Run by ./test. */
#include <string.h>

#include "testing.h"
#include "tool.h"

static timeslip_session *session;

static bool is(timeslip_text text, const char *wanted) {
    bool same = timeslip_equal(text, timeslip_text_of(wanted));
    if (!same) {
        fprintf(stderr, "got  %s\nwant %s\n", text.data, wanted);
    }
    return same;
}

/* Reads a text and writes it again. */
static timeslip_text again(const char *text) {
    timeslip_text mistake = {NULL, 0};
    const timeslip_json *json = timeslip_json_read(session, timeslip_text_of(text), &mistake);
    if (json == NULL) {
        return mistake;
    }
    timeslip_writer writer = timeslip_writer_of(session);
    timeslip_write_json(&writer, json);
    return timeslip_written(&writer);
}

static void json_is_read_and_written(void) {
    TIMESLIP_CHECK(is(again(" { \"a\" : [ 1 , -2.50e3, true,null ] , \"b\":{} } "),
                      "{\"a\":[1,-2.50e3,true,null],\"b\":{}}"));
    TIMESLIP_CHECK(is(again("\"\\ud83e\\udd80 \\u00e9 \\ud800 \\n\\\"\\u0001\""),
                      "\"🦀 é \xEF\xBF\xBD \\n\\\"\\u0001\""));
    TIMESLIP_CHECK(again("\"\\u0000\"").length == strlen("\"\\u0000\""));
    TIMESLIP_CHECK(is(again("[]"), "[]"));
}

static void what_is_no_json_is_refused_with_its_place(void) {
    TIMESLIP_CHECK(is(again("[1,]"), "no JSON value begins here (at byte 3)"));
    TIMESLIP_CHECK(is(again("{\"a\" 1}"), "a colon is missing (at byte 5)"));
    TIMESLIP_CHECK(is(again("01"), "a number has a zero before its digits (at byte 2)"));
    TIMESLIP_CHECK(is(again("1 2"), "something stands after the value (at byte 2)"));
    TIMESLIP_CHECK(is(again("\"a"), "a text has no end (at byte 1)"));
    TIMESLIP_CHECK(is(again("\"a\\"), "a text has no end (at byte 1)"));
    TIMESLIP_CHECK(is(again("\"\\x\""), "this is no escape of JSON (at byte 3)"));
    TIMESLIP_CHECK(is(again("tru"), "no JSON value begins here (at byte 0)"));
    TIMESLIP_CHECK(is(again(""), "a value is missing (at byte 0)"));
    char deep[1000];
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = 0;
    TIMESLIP_CHECK(is(again(deep), "values are nested too deep (at byte 256)"));
}

static void numbers_keep_their_value(void) {
    timeslip_writer writer = timeslip_writer_of(session);
    timeslip_write_begin(&writer, '[');
    timeslip_write_number(&writer, 0.1);
    timeslip_write_number(&writer, 1.0 / 3);
    timeslip_write_integer(&writer, INT64_MIN);
    timeslip_write_end(&writer, ']');
    TIMESLIP_CHECK(is(timeslip_written(&writer), "[0.1,0.3333333333333333,-9223372036854775808]"));
    int64_t value;
    const timeslip_json *whole = timeslip_json_read(session, TIMESLIP_TEXT("3.0"), NULL);
    const timeslip_json *part = timeslip_json_read(session, TIMESLIP_TEXT("3.5"), NULL);
    TIMESLIP_CHECK(timeslip_json_integer(
        timeslip_json_read(session, TIMESLIP_TEXT("9223372036854775807"), NULL), &value));
    TIMESLIP_CHECK(value == INT64_MAX);
    TIMESLIP_CHECK(timeslip_json_integer(whole, &value));
    TIMESLIP_CHECK(value == 3);
    TIMESLIP_CHECK(!timeslip_json_integer(part, &value));
    TIMESLIP_CHECK(!timeslip_json_integer(
        timeslip_json_read(session, TIMESLIP_TEXT("9223372036854775808"), NULL), &value));
}

typedef struct line {
    timeslip_text from;
    double length;
} line;
static const timeslip_field line_fields[] = {
    TIMESLIP_FIELD(line, from),
    TIMESLIP_FIELD(line, length),
};

static const char *const units[] = {"m", "km", NULL};

typedef struct drawing {
    line first;
    timeslip_list lines;
    timeslip_list tags;
    timeslip_text unit;
    timeslip_text note;
    int64_t copies;
} drawing;
static const timeslip_field drawing_fields[] = {
    TIMESLIP_INNER(drawing, first, line, line_fields),
    TIMESLIP_FIELD(drawing, lines, .items = TIMESLIP_RECORDS(line, line_fields)),
    TIMESLIP_FIELD(drawing, tags, .items = TIMESLIP_ITEMS(timeslip_text), .optional = true),
    TIMESLIP_FIELD(drawing, unit, .choices = units, .preset = "\"m\""),
    TIMESLIP_FIELD(drawing, note, .optional = true, .description = "A \"note\"."),
    TIMESLIP_FIELD(drawing, copies, .preset = "1"),
};

/* Gives the drawing back. */
static timeslip_output draw(timeslip_session *given, const void *arguments) {
    return TIMESLIP_GIVE(given, drawing_fields, arguments);
}

static const timeslip_tool tools[] = {
    {"draw", "Draws.", TIMESLIP_RECORD(drawing, drawing_fields),
     TIMESLIP_RECORD(drawing, drawing_fields), TIMESLIP_PURE, draw},
};
TIMESLIP_TOOLS(tools);

static timeslip_text drawn(const char *arguments) {
    timeslip_output output =
        timeslip_answer(session, TIMESLIP_TEXT("draw"), timeslip_text_of(arguments));
    return output.error.kind == TIMESLIP_OK ? output.text : output.error.text;
}

/* The same with members after `first`. */
static timeslip_text drawn_after(const char *members) {
    const char *first = "\"first\":{\"from\":\"a\",\"length\":1}";
    return drawn(timeslip_format(session, "{%s,%s}", first, members).data);
}

static void a_schema_says_what_the_table_of_fields_says(void) {
    const char *of_line = "\"type\":\"object\",\"properties\":{\"from\":{\"type\":\"string\"},"
                          "\"length\":{\"type\":\"number\"}},\"required\":[\"from\",\"length\"],"
                          "\"additionalProperties\":false";
    timeslip_text wanted = timeslip_format(
        session,
        "{\"type\":\"object\",\"properties\":{\"first\":{%s},\"lines\":{\"type\":\"array\","
        "\"items\":{%s}},\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
        "\"unit\":{\"type\":\"string\",\"enum\":[\"m\",\"km\"],\"default\":\"m\"},"
        "\"note\":{\"type\":\"string\",\"description\":\"A \\\"note\\\".\"},"
        "\"copies\":{\"type\":\"integer\",\"default\":1}},\"required\":[\"first\",\"lines\"],"
        "\"additionalProperties\":false}",
        of_line, of_line);
    TIMESLIP_CHECK(is(timeslip_schema(session, tools[0].arguments), wanted.data));
}

static void records_go_from_json_to_c_and_back(void) {
    TIMESLIP_CHECK(is(drawn("{\"lines\":[{\"length\":2,\"from\":\"b\"},{\"from\":\"c\",\"length\":3}],"
                            "\"first\":{\"from\":\"a\",\"length\":0.5},\"unit\":\"km\"}"),
                      "{\"first\":{\"from\":\"a\",\"length\":0.5},"
                      "\"lines\":[{\"from\":\"b\",\"length\":2},{\"from\":\"c\",\"length\":3}],"
                      "\"tags\":[],\"unit\":\"km\","
                      "\"copies\":1}"));
}

static void a_wrong_argument_is_named(void) {
    TIMESLIP_CHECK(is(drawn("[]"), "the arguments must be an object"));
    TIMESLIP_CHECK(is(drawn("{}"), "the argument \"first\" is missing"));
    TIMESLIP_CHECK(is(drawn("{\"first\":{\"from\":1}}"),
                      "the argument \"first.from\" must be a text"));
    TIMESLIP_CHECK(is(drawn_after("\"lines\":[7]"),
                      "the argument \"lines[0]\" must be an object"));
    TIMESLIP_CHECK(is(drawn_after("\"lines\":[],\"unit\":\"cm\""),
                      "the argument \"unit\" must be one of m, km"));
    TIMESLIP_CHECK(is(drawn_after("\"lines\":[],\"copis\":1"),
                      "there is no argument \"copis\"; there are: first, lines, tags, unit, note, "
                      "copies"));
}

int main(void) {
    session = timeslip_test_begin();
    json_is_read_and_written();
    what_is_no_json_is_refused_with_its_place();
    numbers_keep_their_value();
    a_schema_says_what_the_table_of_fields_says();
    records_go_from_json_to_c_and_back();
    a_wrong_argument_is_named();
    puts("6 tests passed");
}
