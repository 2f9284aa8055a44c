#include <string.h>

#include "agent.h"

/* A conversation that goes round in circles ends here. */
enum { MAX_TURNS = 12 };

/* A conversation that grows. */
typedef struct conversation {
    timeslip_message *messages;
    size_t count;
    size_t capacity;
} conversation;

static void push(timeslip_session *session, conversation *talk, timeslip_message message) {
    if (talk->count == talk->capacity) {
        size_t capacity = talk->capacity == 0 ? 16 : talk->capacity * 2;
        timeslip_message *grown = timeslip_allocate(session, capacity * sizeof *grown);
        if (talk->count != 0) {
            memcpy(grown, talk->messages, talk->count * sizeof *grown);
        }
        talk->messages = grown;
        talk->capacity = capacity;
    }
    talk->messages[talk->count++] = message;
}

/* Calls all the tools of a message at once. The model sees an error as the tool's output, so that
 * it can try another way. */
static void call_tools(timeslip_session *session, conversation *talk, timeslip_message asking) {
    size_t count = asking.tool_call_count;
    timeslip_pending_call *pending = timeslip_allocate(session, count * sizeof *pending);
    push(session, talk, asking);
    for (size_t i = 0; i < count; i++) {
        const timeslip_tool_call *call = &asking.tool_calls[i];
        pending[i] = timeslip_call_start(session, call->name, call->arguments);
    }
    for (size_t i = 0; i < count; i++) {
        timeslip_output output = timeslip_call_wait(session, pending[i]);
        if (output.error.kind != TIMESLIP_OK) {
            timeslip_text parts[] = {TIMESLIP_TEXT("Error: "), output.error.text};
            output.text = timeslip_join(session, parts, 2, "");
        }
        push(session, talk, timeslip_tool_output(asking.tool_calls[i].id, output.text));
    }
}

/* One turn; gives whether it was the last one, with the answer. */
static bool take_turn(timeslip_session *session, conversation *talk, timeslip_request *request,
                      timeslip_text *answer) {
    request->messages = talk->messages;
    request->message_count = talk->count;
    timeslip_reply reply = timeslip_chat(session, request);
    if (reply.error.kind != TIMESLIP_OK) {
        *answer = timeslip_fail(session, "the model gave no reply: %s", reply.error.text.data);
        return true;
    }
    if (reply.message.tool_call_count == 0) {
        *answer = reply.message.content;
        return true;
    }
    call_tools(session, talk, reply.message);
    return false;
}

timeslip_text timeslip_tool_loop(timeslip_session *session, const timeslip_loop *loop,
                                 timeslip_text input) {
    conversation talk = {0};
    timeslip_request request = loop->options == NULL ? (timeslip_request){0} : *loop->options;
    timeslip_tool_list tools =
        loop->tools.items == NULL ? timeslip_list_tools(session) : loop->tools;
    unsigned max_turns = loop->max_turns == 0 ? MAX_TURNS : loop->max_turns;
    request.tools = tools.items;
    request.tool_count = tools.count;
    if (loop->system.data != NULL) {
        push(session, &talk, timeslip_system(loop->system));
    }
    push(session, &talk, timeslip_user(input));
    for (unsigned turn = 1; turn <= max_turns; turn++) {
        timeslip_text answer, name = timeslip_format(session, "turn %u", turn);
        timeslip_span span = timeslip_span_begin(session, name.data);
        bool last = take_turn(session, &talk, &request, &answer);
        timeslip_span_end(span);
        if (last) {
            return answer;
        }
    }
    return timeslip_fail(session, "the model still asked for tools after %u turns", max_turns);
}
