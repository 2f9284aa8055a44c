#include <string.h>

#include "script.h"
#include "session.h"

void timeslip_test_says(const char *text) {
    timeslip_test_add(&timeslip_script.replies, NULL, text);
}

void timeslip_test_calls(const char *tool, const char *arguments) {
    timeslip_test_add(&timeslip_script.replies, tool, arguments);
}

void timeslip_test_tool(const char *name, const char *output) {
    timeslip_test_add(&timeslip_script.tools, name, output);
}

void timeslip_test_answers(const char *text) {
    timeslip_test_add(&timeslip_script.answers, NULL, text);
}

size_t timeslip_test_chats(void) { return timeslip_script.replies.taken; }

const char *timeslip_test_last_message(void) { return timeslip_script.last_message; }

static void remember(const timeslip_agent_types_chat_request_t *request) {
    if (request->messages.len == 0) {
        return;
    }
    world_string_t content = request->messages.ptr[request->messages.len - 1].content;
    free(timeslip_script.last_message);
    timeslip_script.last_message = calloc(content.len + 1, 1);
    TIMESLIP_CHECK(timeslip_script.last_message != NULL);
    memcpy(timeslip_script.last_message, content.ptr, content.len);
}

static void ask_for(timeslip_agent_types_message_t *message, const char *tool,
                    const char *arguments) {
    timeslip_agent_types_tool_call_t *call = malloc(sizeof *call);
    TIMESLIP_CHECK(call != NULL);
    *call = (timeslip_agent_types_tool_call_t){
        timeslip_test_give("call-1"), timeslip_test_give(tool), timeslip_test_give(arguments)};
    message->tool_calls.ptr = call;
    message->tool_calls.len = 1;
}

/* The reply of this number of the script. */
static bool reply_of(size_t number, timeslip_agent_types_chat_reply_t *reply,
                     timeslip_agent_types_model_error_t *error) {
    const timeslip_test_list *replies = &timeslip_script.replies;
    if (number >= replies->count) {
        error->tag = TIMESLIP_AGENT_TYPES_MODEL_ERROR_UNAVAILABLE;
        error->val.unavailable = timeslip_test_give("the test's script has no more replies");
        return false;
    }
    const char *tool = replies->names[number], *text = replies->values[number];
    *reply = (timeslip_agent_types_chat_reply_t){
        .message.role = TIMESLIP_AGENT_TYPES_ROLE_ASSISTANT,
        .finish_reason = tool == NULL ? TIMESLIP_AGENT_TYPES_FINISH_REASON_STOP
                                      : TIMESLIP_AGENT_TYPES_FINISH_REASON_TOOL_CALLS,
    };
    if (tool == NULL) {
        reply->message.content = timeslip_test_give(text);
    } else {
        ask_for(&reply->message, tool, text);
    }
    return true;
}

bool timeslip_agent_model_blocking_chat(timeslip_agent_types_chat_request_t *request,
                                        timeslip_agent_types_chat_reply_t *reply,
                                        timeslip_agent_types_model_error_t *error) {
    remember(request);
    return reply_of(timeslip_script.replies.taken++, reply, error);
}

/* A handle is the number of the reply in the script. */
timeslip_agent_model_blocking_own_pending_chat_t timeslip_agent_model_blocking_start(
    timeslip_agent_types_chat_request_t *request) {
    remember(request);
    int32_t number = (int32_t)timeslip_script.replies.taken++;
    return (timeslip_agent_model_blocking_own_pending_chat_t){number};
}

timeslip_agent_model_blocking_borrow_pending_chat_t
timeslip_agent_model_blocking_borrow_pending_chat(
    timeslip_agent_model_blocking_own_pending_chat_t chat) {
    return (timeslip_agent_model_blocking_borrow_pending_chat_t){chat.__handle};
}

bool timeslip_agent_model_blocking_method_pending_chat_wait(
    timeslip_agent_model_blocking_borrow_pending_chat_t chat,
    timeslip_agent_types_chat_reply_t *reply, timeslip_agent_types_model_error_t *error) {
    return reply_of((size_t)chat.__handle, reply, error);
}

void timeslip_agent_model_blocking_pending_chat_drop_own(
    timeslip_agent_model_blocking_own_pending_chat_t chat) {
    (void)chat;
}

/* A streamed reply comes in one piece. The handle is the number of the reply, and this is how many
 * pieces of the newest stream have been asked for. */
static int32_t stream_given;

timeslip_agent_model_blocking_own_chat_stream_t
timeslip_agent_model_blocking_constructor_chat_stream(timeslip_agent_types_chat_request_t *request) {
    stream_given = 0;
    int32_t number = timeslip_agent_model_blocking_start(request).__handle;
    return (timeslip_agent_model_blocking_own_chat_stream_t){number};
}

timeslip_agent_model_blocking_borrow_chat_stream_t
timeslip_agent_model_blocking_borrow_chat_stream(
    timeslip_agent_model_blocking_own_chat_stream_t stream) {
    return (timeslip_agent_model_blocking_borrow_chat_stream_t){stream.__handle};
}

bool timeslip_agent_model_blocking_method_chat_stream_next(
    timeslip_agent_model_blocking_borrow_chat_stream_t stream,
    timeslip_agent_model_blocking_option_chat_chunk_t *piece,
    timeslip_agent_types_model_error_t *error) {
    timeslip_agent_types_chat_reply_t reply;
    piece->is_some = stream_given++ == 0;
    if (!piece->is_some) {
        return true;
    }
    if (!reply_of((size_t)stream.__handle, &reply, error)) {
        return false;
    }
    piece->val = (timeslip_agent_types_chat_chunk_t){reply.message.content, 1};
    return true;
}

bool timeslip_agent_model_blocking_method_chat_stream_finish(
    timeslip_agent_model_blocking_borrow_chat_stream_t stream,
    timeslip_agent_types_chat_reply_t *reply, timeslip_agent_types_model_error_t *error) {
    return reply_of((size_t)stream.__handle, reply, error);
}

void timeslip_agent_model_blocking_chat_stream_drop_own(
    timeslip_agent_model_blocking_own_chat_stream_t stream) {
    (void)stream;
}

void timeslip_agent_tools_blocking_list(
    timeslip_agent_tools_blocking_list_tool_definition_t *list) {
    const timeslip_test_list *tools = &timeslip_script.tools;
    list->len = tools->count;
    list->ptr = calloc(tools->count + 1, sizeof *list->ptr);
    TIMESLIP_CHECK(list->ptr != NULL);
    for (size_t i = 0; i < tools->count; i++) {
        list->ptr[i].name = timeslip_test_give(tools->names[i]);
        list->ptr[i].input_schema = timeslip_test_give("{\"type\":\"object\"}");
    }
}

bool timeslip_agent_tools_blocking_call(world_string_t *name, world_string_t *arguments,
                                        world_string_t *output,
                                        timeslip_agent_types_tool_error_t *error) {
    (void)arguments;
    const char *found = timeslip_test_find(&timeslip_script.tools, *name);
    if (found == NULL) {
        error->tag = TIMESLIP_AGENT_TYPES_TOOL_ERROR_UNKNOWN_TOOL;
        error->val.unknown_tool = timeslip_test_give("the test has no such tool");
        return false;
    }
    *output = timeslip_test_give(found);
    return true;
}

/* A handle is the number of the tool, and one more than that of the last for an unknown one. */
timeslip_agent_tools_blocking_own_pending_tool_call_t timeslip_agent_tools_blocking_start(
    world_string_t *name, world_string_t *arguments) {
    (void)arguments;
    const timeslip_test_list *tools = &timeslip_script.tools;
    const char *found = timeslip_test_find(tools, *name);
    size_t number = 0;
    while (number < tools->count && tools->values[number] != found) {
        number++;
    }
    return (timeslip_agent_tools_blocking_own_pending_tool_call_t){(int32_t)number};
}

timeslip_agent_tools_blocking_borrow_pending_tool_call_t
timeslip_agent_tools_blocking_borrow_pending_tool_call(
    timeslip_agent_tools_blocking_own_pending_tool_call_t call) {
    return (timeslip_agent_tools_blocking_borrow_pending_tool_call_t){call.__handle};
}

bool timeslip_agent_tools_blocking_method_pending_tool_call_wait(
    timeslip_agent_tools_blocking_borrow_pending_tool_call_t call, world_string_t *output,
    timeslip_agent_types_tool_error_t *error) {
    const timeslip_test_list *tools = &timeslip_script.tools;
    size_t number = (size_t)call.__handle;
    world_string_t name = timeslip_lower(
        number < tools->count ? timeslip_text_of(tools->names[number]) : TIMESLIP_TEXT(""));
    return timeslip_agent_tools_blocking_call(&name, NULL, output, error);
}

void timeslip_agent_tools_blocking_pending_tool_call_drop_own(
    timeslip_agent_tools_blocking_own_pending_tool_call_t call) {
    (void)call;
}

bool timeslip_agent_user_blocking_ask(world_string_t *message, world_string_t *answer,
                                      timeslip_agent_types_user_error_t *error) {
    (void)message;
    timeslip_test_list *answers = &timeslip_script.answers;
    if (answers->taken == answers->count) {
        error->tag = TIMESLIP_AGENT_TYPES_USER_ERROR_NOBODY;
        error->val.nobody = timeslip_test_give("the test has no more answers");
        return false;
    }
    *answer = timeslip_test_give(answers->values[answers->taken++]);
    return true;
}
