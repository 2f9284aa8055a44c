#include <string.h>

#include "behaviours.h"

timeslip_text tool_loop(timeslip_session *session) {
    timeslip_loop loop = {.system = TIMESLIP_TEXT("Use the tools.")};
    return timeslip_tool_loop(session, &loop, TIMESLIP_TEXT("Add 2 and 3, and greet Ada."));
}

timeslip_text turn_limit(timeslip_session *session) {
    timeslip_loop loop = {.system = TIMESLIP_TEXT("Never stop."), .max_turns = 3};
    return timeslip_tool_loop(session, &loop, TIMESLIP_TEXT("Go on."));
}

timeslip_text tool_error(timeslip_session *session) {
    static const char *const calls[][2] = {
        {"add", "{\"a\":\"x\",\"b\":1}"},
        {"add", "{"},
        {"fail", "{\"message\":\"no luck\"}"},
        {"nope", "{}"},
        {"greet", "{\"name\":\"Ada\",\"excited\":true}"},
    };
    timeslip_text answers[5];
    for (int i = 0; i < 5; i++) {
        timeslip_output output = timeslip_call_tool(session, timeslip_text_of(calls[i][0]),
                                                    timeslip_text_of(calls[i][1]));
        answers[i] = output.error.kind == TIMESLIP_OK
                         ? output.text
                         : timeslip_text_of(timeslip_error_name(output.error.kind));
    }
    return timeslip_join(session, answers, 5, ", ");
}

timeslip_text deep_json(timeslip_session *session) {
    enum { DEPTH = 100 };
    char nested[2 * DEPTH + 2] = {0};
    memset(nested, '[', DEPTH);
    nested[DEPTH] = '1';
    memset(nested + DEPTH + 1, ']', DEPTH);
    timeslip_text arguments = timeslip_format(session, "{\"value\":%s}", nested);
    timeslip_output output = timeslip_call_tool(session, TIMESLIP_TEXT("echo"), arguments);
    if (output.error.kind != TIMESLIP_OK) {
        return timeslip_fail(session, "%s", output.error.text.data);
    }
    if (!timeslip_equal(output.text, arguments)) {
        return timeslip_fail(session, "the output is not the arguments");
    }
    return output.text;
}

timeslip_text user_question(timeslip_session *session) {
    timeslip_output name = timeslip_ask_user(session, TIMESLIP_TEXT("What is your name?"));
    if (name.error.kind != TIMESLIP_OK) {
        return timeslip_fail(session, "%s", name.error.text.data);
    }
    return timeslip_format(session, "Hello, %s.", name.text.data);
}
