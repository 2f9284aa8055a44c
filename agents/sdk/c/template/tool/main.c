/* A tool plugin: a table of functions, whose arguments are described by tables of fields. */
#include <ctype.h>

#include "tool.h"

typedef struct counting {
    timeslip_text text;
    int64_t longer_than;
} counting;
static const timeslip_field counting_fields[] = {
    TIMESLIP_FIELD(counting, text, .description = "The text."),
    TIMESLIP_FIELD(counting, longer_than, .description = "Counts words with more bytes only.",
                   .preset = "0"),
};

typedef struct counted {
    int64_t words;
} counted;
static const timeslip_field counted_fields[] = {TIMESLIP_FIELD(counted, words)};

static timeslip_output count_words(timeslip_session *session, const void *arguments) {
    const counting *wanted = arguments;
    counted result = {0};
    int64_t length = 0;
    for (size_t i = 0; i <= wanted->text.length; i++) {
        if (i < wanted->text.length && !isspace((unsigned char)wanted->text.data[i])) {
            length++;
            continue;
        }
        if (length > wanted->longer_than) {
            result.words++;
        }
        length = 0;
    }
    return TIMESLIP_GIVE(session, counted_fields, &result);
}

static const timeslip_tool tools[] = {
    {"count_words", "Counts the words of a text.", TIMESLIP_RECORD(counting, counting_fields),
     TIMESLIP_RECORD(counted, counted_fields), TIMESLIP_PURE, count_words},
};
TIMESLIP_TOOLS(tools);
