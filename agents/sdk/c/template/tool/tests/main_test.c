/* Tests of the tools, run by `sh ./test`. */
#include <string.h>

#include "testing.h"
#include "tool.h"

static timeslip_output call(const char *arguments) {
    timeslip_session *session = timeslip_test_begin();
    return timeslip_answer(session, TIMESLIP_TEXT("count_words"), timeslip_text_of(arguments));
}

static void counts_words(void) {
    timeslip_output output = call("{\"text\":\"to be or not to be\"}");
    TIMESLIP_CHECK(timeslip_equal(output.text, TIMESLIP_TEXT("{\"words\":6}")));
}

static void counts_long_words_only(void) {
    timeslip_output output = call("{\"text\":\"to be or not to be\",\"longer_than\":2}");
    TIMESLIP_CHECK(timeslip_equal(output.text, TIMESLIP_TEXT("{\"words\":1}")));
}

static void names_the_argument_that_is_wrong(void) {
    timeslip_output output = call("{\"text\":7}");
    TIMESLIP_CHECK(output.error.kind == TIMESLIP_INVALID_ARGUMENTS);
    TIMESLIP_CHECK(strstr(output.error.text.data, "\"text\"") != NULL);
}

int main(void) {
    counts_words();
    counts_long_words_only();
    names_the_argument_that_is_wrong();
    puts("3 tests passed");
}
