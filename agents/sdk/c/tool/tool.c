#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"
#include "session.h"

timeslip_output timeslip_give_text(timeslip_text text) { return (timeslip_output){.text = text}; }

timeslip_output timeslip_give_record(timeslip_session *session, const timeslip_field *fields,
                                     size_t count, const void *value) {
    timeslip_writer w = timeslip_writer_of(session);
    timeslip_write_record(&w, (timeslip_record){0, fields, count}, value);
    return timeslip_give_text(timeslip_written(&w));
}

static timeslip_output error_of(timeslip_session *session, timeslip_error_kind kind,
                                const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    char *text = timeslip_allocate(session, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (timeslip_output){.error = {kind, {text, (size_t)length}}};
}

timeslip_output timeslip_failed(timeslip_session *session, const char *format, ...) {
    va_list values;
    va_start(values, format);
    timeslip_output output = error_of(session, TIMESLIP_FAILED, format, values);
    va_end(values);
    return output;
}

timeslip_output timeslip_invalid_arguments(timeslip_session *session, const char *format, ...) {
    va_list values;
    va_start(values, format);
    timeslip_output output = error_of(session, TIMESLIP_INVALID_ARGUMENTS, format, values);
    va_end(values);
    return output;
}

timeslip_text timeslip_arguments(timeslip_session *session) { return session->arguments; }

static timeslip_output answer_by(timeslip_session *session, const timeslip_tool *tool,
                                 timeslip_text arguments) {
    timeslip_text wrong;
    const timeslip_json *json = timeslip_json_read(session, arguments, &wrong);
    if (json == NULL) {
        return timeslip_invalid_arguments(session, "the arguments are no JSON: %s", wrong.data);
    }
    void *record = timeslip_allocate(session, tool->arguments.size);
    wrong = timeslip_read_record(session, tool->arguments, json, record);
    if (wrong.data != NULL) {
        return timeslip_invalid_arguments(session, "%s", wrong.data);
    }
    session->arguments = arguments;
    return tool->call(session, record);
}

timeslip_output timeslip_answer(timeslip_session *session, timeslip_text name,
                                timeslip_text arguments) {
    for (size_t i = 0; i < timeslip_tool_count; i++) {
        if (timeslip_equal(name, timeslip_text_of(timeslip_tools[i].name))) {
            return answer_by(session, &timeslip_tools[i], arguments);
        }
    }
    timeslip_text text = timeslip_format(session, "the plugin has no tool \"%s\"", name.data);
    return (timeslip_output){.error = {TIMESLIP_UNKNOWN_TOOL, text}};
}

static timeslip_agent_types_tool_definition_t define(timeslip_session *session,
                                                     const timeslip_tool *tool) {
    const timeslip_annotations *hints = &tool->annotations;
    timeslip_agent_types_tool_definition_t definition = {
        .name = timeslip_give(timeslip_text_of(tool->name)),
        .description = timeslip_give(timeslip_text_of(tool->description)),
        .input_schema = timeslip_give(timeslip_schema(session, tool->arguments)),
        .annotations = {hints->read_only, hints->destructive, hints->idempotent, hints->open_world},
    };
    if (tool->output.count != 0) {
        definition.output_schema = (world_option_string_t){
            true, timeslip_give(timeslip_schema(session, tool->output))};
    }
    return definition;
}

/* What the host calls once, in an instance of its own. */
void exports_timeslip_tool_plugin_blocking_definitions(
    exports_timeslip_tool_plugin_blocking_list_tool_definition_t *list) {
    timeslip_session session = {0};
    list->len = timeslip_tool_count;
    list->ptr = malloc(list->len * sizeof *list->ptr);
    if (list->ptr == NULL) {
        abort();
    }
    for (size_t i = 0; i < list->len; i++) {
        list->ptr[i] = define(&session, &timeslip_tools[i]);
    }
    timeslip_release(&session);
}

/* The contract's number of an error; what is no error of a tool counts as failed. */
static uint8_t tag_of(timeslip_error_kind kind) {
    static const timeslip_error_kind kinds[] = {
        TIMESLIP_UNKNOWN_TOOL,   TIMESLIP_REFUSED, TIMESLIP_INVALID_ARGUMENTS, TIMESLIP_FAILED,
        TIMESLIP_INVALID_OUTPUT, TIMESLIP_CRASHED, TIMESLIP_OVER_BUDGET,
    };
    for (uint8_t tag = 0; tag < sizeof kinds / sizeof *kinds; tag++) {
        if (kinds[tag] == kind) {
            return tag;
        }
    }
    return TIMESLIP_AGENT_TYPES_TOOL_ERROR_FAILED;
}

/* What the host calls for each call of a tool. */
bool exports_timeslip_tool_plugin_blocking_call(
    world_string_t *name, world_string_t *arguments, world_string_t *text,
    exports_timeslip_tool_plugin_blocking_tool_error_t *error) {
    timeslip_session session = {0};
    timeslip_text tool = timeslip_take(&session, *name);
    timeslip_output output = timeslip_answer(&session, tool, timeslip_take(&session, *arguments));
    bool ok = output.error.kind == TIMESLIP_OK;
    if (ok) {
        *text = timeslip_give(output.text);
    } else {
        error->tag = tag_of(output.error.kind);
        error->val.failed = timeslip_give(output.error.text);
    }
    timeslip_release(&session);
    return ok;
}
