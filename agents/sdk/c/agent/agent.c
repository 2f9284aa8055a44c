#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "session.h"

timeslip_message timeslip_system(timeslip_text content) {
    return (timeslip_message){.role = TIMESLIP_SYSTEM, .content = content};
}

timeslip_message timeslip_user(timeslip_text content) {
    return (timeslip_message){.role = TIMESLIP_USER, .content = content};
}

timeslip_message timeslip_assistant(timeslip_text content) {
    return (timeslip_message){.role = TIMESLIP_ASSISTANT, .content = content};
}

timeslip_message timeslip_tool_output(timeslip_text call_id, timeslip_text content) {
    return (timeslip_message){
        .role = TIMESLIP_TOOL, .content = content, .tool_call_id = call_id};
}

timeslip_text timeslip_fail(timeslip_session *session, const char *format, ...) {
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *text = timeslip_allocate(session, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    session->failure = (timeslip_text){text, (size_t)length};
    return (timeslip_text){NULL, 0};
}

static timeslip_tool_definition take_tool(timeslip_session *session,
                                          const timeslip_agent_types_tool_definition_t *tool) {
    timeslip_tool_definition taken = {
        .name = timeslip_take(session, tool->name),
        .description = timeslip_take(session, tool->description),
        .input_schema = timeslip_take(session, tool->input_schema),
        .annotations = {tool->annotations.read_only, tool->annotations.destructive,
                        tool->annotations.idempotent, tool->annotations.open_world},
    };
    if (tool->output_schema.is_some) {
        taken.output_schema = timeslip_take(session, tool->output_schema.val);
    }
    return taken;
}

timeslip_tool_list timeslip_list_tools(timeslip_session *session) {
    timeslip_agent_tools_blocking_list_tool_definition_t list;
    timeslip_agent_tools_blocking_list(&list);
    timeslip_tool_definition *tools = timeslip_allocate(session, (list.len + 1) * sizeof *tools);
    for (size_t i = 0; i < list.len; i++) {
        tools[i] = take_tool(session, &list.ptr[i]);
    }
    if (list.len != 0) {
        free(list.ptr);
    }
    return (timeslip_tool_list){tools, list.len};
}

/* The kinds of each error of the contract, in its order. */
static const timeslip_error_kind tool_errors[] = {
    TIMESLIP_UNKNOWN_TOOL,   TIMESLIP_REFUSED, TIMESLIP_INVALID_ARGUMENTS, TIMESLIP_FAILED,
    TIMESLIP_INVALID_OUTPUT, TIMESLIP_CRASHED, TIMESLIP_OVER_BUDGET,
};
static const timeslip_error_kind user_errors[] = {TIMESLIP_NOBODY, TIMESLIP_GONE};

/* The texts of all cases of an error lie at the same place. */
static timeslip_output take_output(timeslip_session *session, bool ok, world_string_t output,
                                   const timeslip_agent_types_tool_error_t *error) {
    if (ok) {
        return (timeslip_output){.text = timeslip_take(session, output)};
    }
    timeslip_text text = timeslip_take(session, error->val.failed);
    return (timeslip_output){.error = {tool_errors[error->tag], text}};
}

timeslip_output timeslip_call_tool(timeslip_session *session, timeslip_text name,
                                   timeslip_text arguments) {
    world_string_t tool = timeslip_lower(name), given = timeslip_lower(arguments), output;
    timeslip_agent_types_tool_error_t error;
    bool ok = timeslip_agent_tools_blocking_call(&tool, &given, &output, &error);
    return take_output(session, ok, output, &error);
}

timeslip_pending_call timeslip_call_start(timeslip_session *session, timeslip_text name,
                                          timeslip_text arguments) {
    (void)session;
    world_string_t tool = timeslip_lower(name), given = timeslip_lower(arguments);
    return (timeslip_pending_call){timeslip_agent_tools_blocking_start(&tool, &given).__handle};
}

timeslip_output timeslip_call_wait(timeslip_session *session, timeslip_pending_call call) {
    timeslip_agent_tools_blocking_own_pending_tool_call_t own = {call.handle};
    world_string_t output;
    timeslip_agent_types_tool_error_t error;
    bool ok = timeslip_agent_tools_blocking_method_pending_tool_call_wait(
        timeslip_agent_tools_blocking_borrow_pending_tool_call(own), &output, &error);
    timeslip_agent_tools_blocking_pending_tool_call_drop_own(own);
    return take_output(session, ok, output, &error);
}

timeslip_output timeslip_ask_user(timeslip_session *session, timeslip_text text) {
    world_string_t question = timeslip_lower(text), answer;
    timeslip_agent_types_user_error_t error;
    if (timeslip_agent_user_blocking_ask(&question, &answer, &error)) {
        return (timeslip_output){.text = timeslip_take(session, answer)};
    }
    timeslip_text cause = timeslip_take(session, error.val.nobody);
    return (timeslip_output){.error = {user_errors[error.tag], cause}};
}

/* What the host calls. The instance ends with the session, so the arena needs no releasing after
 * it; the outcome alone is the glue's to free. */
bool exports_world_run(world_task_t *task, world_outcome_t *outcome, world_failure_t *failure) {
    timeslip_session session = {0};
    timeslip_task given = {timeslip_take(&session, task->name),
                           timeslip_take(&session, task->input)};
    timeslip_text answer = timeslip_run(&session, given);
    bool failed = session.failure.data != NULL;
    if (failed) {
        failure->message = timeslip_give(session.failure);
    } else {
        outcome->answer = timeslip_give(answer);
    }
    timeslip_release(&session);
    return !failed;
}
