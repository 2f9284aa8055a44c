/* What an agent is written with: models, tools, the user.
 *
 *     #include "agent.h"
 *
 *     timeslip_text timeslip_run(timeslip_session *session, timeslip_task task) {
 *         timeslip_message messages[] = {timeslip_user(task.input)};
 *         timeslip_request request = {.messages = messages, .message_count = 1};
 *         timeslip_reply reply = timeslip_chat(session, &request);
 *         if (reply.error.kind) {
 *             return timeslip_fail(session, "the model gave no reply: %s", reply.error.text.data);
 *         }
 *         return reply.message.content;
 *     } */
#ifndef TIMESLIP_AGENT_H
#define TIMESLIP_AGENT_H

#include "timeslip.h"

/* What the agent is asked to do. */
typedef struct timeslip_task {
    /* The task's name in the bench. */
    timeslip_text name;
    /* The task itself: the user's opening words. */
    timeslip_text input;
} timeslip_task;

/* Does one task and gives the answer, or what timeslip_fail gives. The agent's author writes it. */
timeslip_text timeslip_run(timeslip_session *session, timeslip_task task);

/* Says why the agent gives up, as by printf: `return timeslip_fail(session, "…")`. */
timeslip_text timeslip_fail(timeslip_session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Who wrote a message. */
typedef enum timeslip_role {
    TIMESLIP_SYSTEM,
    TIMESLIP_USER,
    TIMESLIP_ASSISTANT,
    TIMESLIP_TOOL,
} timeslip_role;

/* A model's request to call a tool. */
typedef struct timeslip_tool_call {
    /* Names the call inside the conversation. */
    timeslip_text id;
    /* The tool's name. */
    timeslip_text name;
    /* The arguments, as JSON text of an object. */
    timeslip_text arguments;
} timeslip_tool_call;

/* One message of a conversation. */
typedef struct timeslip_message {
    timeslip_role role;
    timeslip_text content;
    /* The tools that an assistant's message asks for. */
    const timeslip_tool_call *tool_calls;
    size_t tool_call_count;
    /* In a tool's message, the id of the call that it answers. */
    timeslip_text tool_call_id;
} timeslip_message;

/* Messages of the agent's author, of whom it works for, of the model, of a tool. */
timeslip_message timeslip_system(timeslip_text content);
timeslip_message timeslip_user(timeslip_text content);
timeslip_message timeslip_assistant(timeslip_text content);
timeslip_message timeslip_tool_output(timeslip_text call_id, timeslip_text content);

/* A tool as it is offered to a model. */
typedef struct timeslip_tool_definition {
    timeslip_text name;
    timeslip_text description;
    /* JSON Schema of the arguments. */
    timeslip_text input_schema;
    /* JSON Schema of the output; may be absent. */
    timeslip_text output_schema;
    timeslip_annotations annotations;
} timeslip_tool_definition;

/* Whether the model may, must or must not call tools. */
typedef enum timeslip_tool_choice {
    TIMESLIP_CHOOSE_AUTO,
    TIMESLIP_CHOOSE_NONE,
    TIMESLIP_CHOOSE_REQUIRED,
    TIMESLIP_CHOOSE_NAMED,
} timeslip_tool_choice;

/* A question to a model. What is zero is left to the machine; numbers are given by address:
 * `.temperature = &(double){0.5}`. */
typedef struct timeslip_request {
    /* The model's name; absent takes the model of the bench. */
    timeslip_text model;
    /* The conversation so far, oldest first, at least one message. */
    const timeslip_message *messages;
    size_t message_count;
    /* The tools that the model may call. They are part of the prompt and cost tokens. */
    const timeslip_tool_definition *tools;
    size_t tool_count;
    /* The most tokens that the reply may have. */
    const uint32_t *max_output_tokens;
    /* Sampling temperature, 0 or more. */
    const double *temperature;
    /* Nucleus sampling, over 0 and up to 1. */
    const double *top_p;
    /* Seed of the sampling. */
    const uint64_t *seed;
    /* Texts that end the reply before they are written. */
    const timeslip_text *stop;
    size_t stop_count;
    timeslip_tool_choice tool_choice;
    /* The tool's name, for TIMESLIP_CHOOSE_NAMED. */
    timeslip_text tool_choice_name;
    /* JSON Schema that the reply's text must obey. */
    timeslip_text response_schema;
} timeslip_request;

/* Why a reply ended. */
typedef enum timeslip_finish_reason {
    TIMESLIP_FINISH_STOP,
    TIMESLIP_FINISH_LENGTH,
    TIMESLIP_FINISH_TOOL_CALLS,
    TIMESLIP_FINISH_CONTENT_FILTER,
} timeslip_finish_reason;

/* The reason as the contract spells it: "tool-calls". */
const char *timeslip_finish_reason_name(timeslip_finish_reason reason);

/* Tokens of one chat. */
typedef struct timeslip_usage {
    uint64_t input_tokens;
    /* Of those, the tokens that a cache served. */
    uint64_t cached_input_tokens;
    uint64_t output_tokens;
} timeslip_usage;

/* Where the time of one chat went: queue + prefill + transfer + decode = end_to_end. */
typedef struct timeslip_timing {
    uint64_t queue_ns;
    uint64_t prefill_ns;
    uint64_t transfer_ns;
    uint64_t decode_ns;
    uint64_t time_to_first_token_ns;
    uint64_t end_to_end_ns;
} timeslip_timing;

/* A model's reply; all but `error` is empty when there is an error. */
typedef struct timeslip_reply {
    timeslip_error error;
    /* The assistant's message: content and tool_calls. */
    timeslip_message message;
    timeslip_finish_reason finish_reason;
    timeslip_usage usage;
    timeslip_timing timing;
    /* The model that answered. */
    timeslip_text model;
    /* The machine that served it. */
    timeslip_text machine;
} timeslip_reply;

/* Asks a model and waits for the whole reply. */
timeslip_reply timeslip_chat(timeslip_session *session, const timeslip_request *request);

/* A chat under way. */
typedef struct timeslip_pending_chat {
    int32_t handle;
} timeslip_pending_chat;

/* Asks a model and returns at once. Chats and tool calls that are started before the first is
 * waited for overlap in time. */
timeslip_pending_chat timeslip_chat_start(timeslip_session *session,
                                          const timeslip_request *request);

/* Waits for the reply; call it once. */
timeslip_reply timeslip_chat_wait(timeslip_session *session, timeslip_pending_chat chat);

/* Cancels a chat that nobody will wait for. */
void timeslip_chat_cancel(timeslip_pending_chat chat);

/* A reply that arrives in pieces. */
typedef struct timeslip_stream {
    int32_t handle;
} timeslip_stream;

/* A piece of a streamed reply. */
typedef struct timeslip_piece {
    timeslip_error error;
    /* Text that follows the text of the pieces before; may be empty in the last one. */
    timeslip_text content;
    /* Output tokens up to the end of this piece. */
    uint64_t output_tokens;
} timeslip_piece;

/* Asks a model. Errors come with the pieces. */
timeslip_stream timeslip_stream_start(timeslip_session *session, const timeslip_request *request);

/* Waits for the next piece; false after the last one, and after an error, which is in `piece`. */
bool timeslip_stream_next(timeslip_session *session, timeslip_stream stream,
                          timeslip_piece *piece);

/* Waits for the end and gives the whole reply; call it once. */
timeslip_reply timeslip_stream_finish(timeslip_session *session, timeslip_stream stream);

/* Lets the stream go, and cancels the chat if it is still under way. Call it after finish, too. */
void timeslip_stream_close(timeslip_stream stream);

/* The session's tools. */
typedef struct timeslip_tool_list {
    const timeslip_tool_definition *items;
    size_t count;
} timeslip_tool_list;

/* The session's tools, in the order of the bench and of each plugin. */
timeslip_tool_list timeslip_list_tools(timeslip_session *session);

/* Calls a tool, with arguments as JSON text of an object, and waits for its output. */
timeslip_output timeslip_call_tool(timeslip_session *session, timeslip_text name,
                                   timeslip_text arguments);

/* A tool call under way. */
typedef struct timeslip_pending_call {
    int32_t handle;
} timeslip_pending_call;

/* Calls a tool and returns at once. */
timeslip_pending_call timeslip_call_start(timeslip_session *session, timeslip_text name,
                                          timeslip_text arguments);

/* Waits for the output; call it once. */
timeslip_output timeslip_call_wait(timeslip_session *session, timeslip_pending_call call);

/* Says something to the user and waits for the answer. */
timeslip_output timeslip_ask_user(timeslip_session *session, timeslip_text text);

/* How the tool-calling loop goes; what is zero takes the default. */
typedef struct timeslip_loop {
    /* Instructions; absent for none. */
    timeslip_text system;
    /* Tools to offer, all of the session's when `items` is NULL. */
    timeslip_tool_list tools;
    /* Turns before the loop gives up, 12 by default. */
    unsigned max_turns;
    /* Model and options of every chat; its messages and tools are ignored. May be NULL. */
    const timeslip_request *options;
} timeslip_loop;

/* The plain tool-calling loop: ask the model, call every tool that it asks for, give it the
 * outputs, until it answers with text alone. Gives the text, or what timeslip_fail gives. */
timeslip_text timeslip_tool_loop(timeslip_session *session, const timeslip_loop *loop,
                                 timeslip_text input);

#endif
