#include <stdlib.h>

#include "agent.h"
#include "session.h"

const char *timeslip_finish_reason_name(timeslip_finish_reason reason) {
    static const char *const names[] = {"stop", "length", "tool-calls", "content-filter"};
    return names[reason];
}

static timeslip_agent_types_message_t lower_message(timeslip_session *session,
                                                    const timeslip_message *message) {
    size_t count = message->tool_call_count;
    timeslip_agent_types_tool_call_t *calls =
        timeslip_allocate(session, (count + 1) * sizeof *calls);
    for (size_t i = 0; i < count; i++) {
        const timeslip_tool_call *call = &message->tool_calls[i];
        calls[i] = (timeslip_agent_types_tool_call_t){
            timeslip_lower(call->id), timeslip_lower(call->name), timeslip_lower(call->arguments)};
    }
    return (timeslip_agent_types_message_t){
        .role = (uint8_t)message->role,
        .content = timeslip_lower(message->content),
        .tool_calls = {calls, count},
        .tool_call_id = timeslip_lower_optional(message->tool_call_id),
    };
}

static timeslip_agent_types_tool_definition_t lower_tool(const timeslip_tool_definition *tool) {
    const timeslip_annotations *hints = &tool->annotations;
    return (timeslip_agent_types_tool_definition_t){
        .name = timeslip_lower(tool->name),
        .description = timeslip_lower(tool->description),
        .input_schema = timeslip_lower(tool->input_schema),
        .output_schema = timeslip_lower_optional(tool->output_schema),
        .annotations = {hints->read_only, hints->destructive, hints->idempotent, hints->open_world},
    };
}

static timeslip_agent_types_chat_options_t lower_options(timeslip_session *session,
                                                         const timeslip_request *request) {
    world_string_t *stop = timeslip_allocate(session, (request->stop_count + 1) * sizeof *stop);
    for (size_t i = 0; i < request->stop_count; i++) {
        stop[i] = timeslip_lower(request->stop[i]);
    }
    timeslip_agent_types_chat_options_t options = {
        .stop = {stop, request->stop_count},
        .tool_choice = {.tag = (uint8_t)request->tool_choice,
                        .val = {timeslip_lower(request->tool_choice_name)}},
        .response_schema = timeslip_lower_optional(request->response_schema),
    };
    if (request->max_output_tokens != NULL) {
        options.max_output_tokens = (world_option_u32_t){true, *request->max_output_tokens};
    }
    if (request->temperature != NULL) {
        options.temperature = (world_option_f64_t){true, *request->temperature};
    }
    if (request->top_p != NULL) {
        options.top_p = (world_option_f64_t){true, *request->top_p};
    }
    if (request->seed != NULL) {
        options.seed = (world_option_u64_t){true, *request->seed};
    }
    return options;
}

static timeslip_agent_types_chat_request_t lower_request(timeslip_session *session,
                                                         const timeslip_request *request) {
    timeslip_agent_types_message_t *messages =
        timeslip_allocate(session, (request->message_count + 1) * sizeof *messages);
    for (size_t i = 0; i < request->message_count; i++) {
        messages[i] = lower_message(session, &request->messages[i]);
    }
    timeslip_agent_types_tool_definition_t *tools =
        timeslip_allocate(session, (request->tool_count + 1) * sizeof *tools);
    for (size_t i = 0; i < request->tool_count; i++) {
        tools[i] = lower_tool(&request->tools[i]);
    }
    return (timeslip_agent_types_chat_request_t){
        .model = timeslip_lower_optional(request->model),
        .messages = {messages, request->message_count},
        .tools = {tools, request->tool_count},
        .options = lower_options(session, request),
    };
}

static timeslip_message take_message(timeslip_session *session,
                                     const timeslip_agent_types_message_t *message) {
    size_t count = message->tool_calls.len;
    timeslip_tool_call *calls = timeslip_allocate(session, (count + 1) * sizeof *calls);
    for (size_t i = 0; i < count; i++) {
        const timeslip_agent_types_tool_call_t *call = &message->tool_calls.ptr[i];
        calls[i] = (timeslip_tool_call){timeslip_take(session, call->id),
                                        timeslip_take(session, call->name),
                                        timeslip_take(session, call->arguments)};
    }
    if (count != 0) {
        free(message->tool_calls.ptr);
    }
    return (timeslip_message){
        .role = (timeslip_role)message->role,
        .content = timeslip_take(session, message->content),
        .tool_calls = calls,
        .tool_call_count = count,
    };
}

/* The texts of all cases of an error lie at the same place. */
static timeslip_error take_error(timeslip_session *session,
                                 const timeslip_agent_types_model_error_t *error) {
    static const timeslip_error_kind kinds[] = {
        TIMESLIP_REFUSED,     TIMESLIP_UNKNOWN_MODEL,   TIMESLIP_CONTEXT_TOO_LONG,
        TIMESLIP_OVER_BUDGET, TIMESLIP_INVALID_REQUEST, TIMESLIP_UNAVAILABLE,
    };
    return (timeslip_error){kinds[error->tag], timeslip_take(session, error->val.refused)};
}

static timeslip_reply take_reply(timeslip_session *session, bool ok,
                                 const timeslip_agent_types_chat_reply_t *reply,
                                 const timeslip_agent_types_model_error_t *error) {
    if (!ok) {
        return (timeslip_reply){.error = take_error(session, error)};
    }
    const timeslip_agent_types_usage_t *usage = &reply->usage;
    const timeslip_agent_types_timing_t *timing = &reply->timing;
    return (timeslip_reply){
        .message = take_message(session, &reply->message),
        .finish_reason = (timeslip_finish_reason)reply->finish_reason,
        .usage = {usage->input_tokens, usage->cached_input_tokens, usage->output_tokens},
        .timing = {timing->queue_ns, timing->prefill_ns, timing->transfer_ns, timing->decode_ns,
                   timing->time_to_first_token_ns, timing->end_to_end_ns},
        .model = timeslip_take(session, reply->model),
        .machine = timeslip_take(session, reply->machine),
    };
}

timeslip_reply timeslip_chat(timeslip_session *session, const timeslip_request *request) {
    timeslip_agent_types_chat_request_t lowered = lower_request(session, request);
    timeslip_agent_types_chat_reply_t reply;
    timeslip_agent_types_model_error_t error;
    bool ok = timeslip_agent_model_blocking_chat(&lowered, &reply, &error);
    return take_reply(session, ok, &reply, &error);
}

timeslip_pending_chat timeslip_chat_start(timeslip_session *session,
                                          const timeslip_request *request) {
    timeslip_agent_types_chat_request_t lowered = lower_request(session, request);
    return (timeslip_pending_chat){timeslip_agent_model_blocking_start(&lowered).__handle};
}

timeslip_reply timeslip_chat_wait(timeslip_session *session, timeslip_pending_chat chat) {
    timeslip_agent_model_blocking_own_pending_chat_t own = {chat.handle};
    timeslip_agent_types_chat_reply_t reply;
    timeslip_agent_types_model_error_t error;
    bool ok = timeslip_agent_model_blocking_method_pending_chat_wait(
        timeslip_agent_model_blocking_borrow_pending_chat(own), &reply, &error);
    timeslip_chat_cancel(chat);
    return take_reply(session, ok, &reply, &error);
}

void timeslip_chat_cancel(timeslip_pending_chat chat) {
    timeslip_agent_model_blocking_pending_chat_drop_own(
        (timeslip_agent_model_blocking_own_pending_chat_t){chat.handle});
}

timeslip_stream timeslip_stream_start(timeslip_session *session, const timeslip_request *request) {
    timeslip_agent_types_chat_request_t lowered = lower_request(session, request);
    return (timeslip_stream){
        timeslip_agent_model_blocking_constructor_chat_stream(&lowered).__handle};
}

/* The stream, lent to one of its methods. */
static timeslip_agent_model_blocking_borrow_chat_stream_t lend(timeslip_stream stream) {
    return timeslip_agent_model_blocking_borrow_chat_stream(
        (timeslip_agent_model_blocking_own_chat_stream_t){stream.handle});
}

bool timeslip_stream_next(timeslip_session *session, timeslip_stream stream,
                          timeslip_piece *piece) {
    timeslip_agent_model_blocking_option_chat_chunk_t next;
    timeslip_agent_types_model_error_t error;
    *piece = (timeslip_piece){0};
    if (!timeslip_agent_model_blocking_method_chat_stream_next(lend(stream), &next, &error)) {
        piece->error = take_error(session, &error);
        return false;
    }
    if (next.is_some) {
        piece->content = timeslip_take(session, next.val.content);
        piece->output_tokens = next.val.output_tokens;
    }
    return next.is_some;
}

timeslip_reply timeslip_stream_finish(timeslip_session *session, timeslip_stream stream) {
    timeslip_agent_types_chat_reply_t reply;
    timeslip_agent_types_model_error_t error;
    bool ok =
        timeslip_agent_model_blocking_method_chat_stream_finish(lend(stream), &reply, &error);
    return take_reply(session, ok, &reply, &error);
}

void timeslip_stream_close(timeslip_stream stream) {
    timeslip_agent_model_blocking_chat_stream_drop_own(
        (timeslip_agent_model_blocking_own_chat_stream_t){stream.handle});
}
