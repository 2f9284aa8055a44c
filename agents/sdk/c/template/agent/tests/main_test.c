/* Tests of the agent, run by `sh ./test`. */
#include "agent.h"
#include "testing.h"

static timeslip_task task(void) {
    return (timeslip_task){TIMESLIP_TEXT("sum"), TIMESLIP_TEXT("What is 2 + 3?")};
}

static void answers_with_what_the_tool_gives(void) {
    timeslip_session *session = timeslip_test_begin();
    timeslip_test_tool("add", "{\"sum\":5}");
    timeslip_test_calls("add", "{\"a\":2,\"b\":3}");
    timeslip_test_says("It is 5.");
    timeslip_text answer = timeslip_run(session, task());
    TIMESLIP_CHECK(timeslip_equal(answer, TIMESLIP_TEXT("It is 5.")));
    TIMESLIP_CHECK(timeslip_test_chats() == 2);
    TIMESLIP_CHECK(timeslip_equal(timeslip_text_of(timeslip_test_last_message()),
                                  TIMESLIP_TEXT("{\"sum\":5}")));
}

static void fails_when_the_model_gives_no_reply(void) {
    timeslip_session *session = timeslip_test_begin();
    timeslip_run(session, task());
    TIMESLIP_CHECK(timeslip_test_failure(session) != NULL);
}

int main(void) {
    answers_with_what_the_tool_gives();
    fails_when_the_model_gives_no_reply();
    puts("2 tests passed");
}
