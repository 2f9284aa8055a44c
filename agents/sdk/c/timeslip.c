#include "timeslip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

/* Blocks of the arena hold many small values; a value that is larger has a block of its own. */
enum { BLOCK_SIZE = 16384, ALIGNMENT = 16 };

typedef struct timeslip_block {
    struct timeslip_block *before;
    size_t used;
    size_t size;
    /* What follows in memory is the block's room. */
    _Alignas(ALIGNMENT) char room[];
} timeslip_block;

static timeslip_block *add_block(timeslip_session *session, size_t least) {
    size_t size = least > BLOCK_SIZE ? least : BLOCK_SIZE;
    timeslip_block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        abort();
    }
    *block = (timeslip_block){.before = session->blocks, .size = size};
    session->blocks = block;
    return block;
}

void *timeslip_allocate(timeslip_session *session, size_t size) {
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    timeslip_block *block = session->blocks;
    if (block == NULL || block->size - block->used < size) {
        block = add_block(session, size);
    }
    void *place = block->room + block->used;
    block->used += size;
    return memset(place, 0, size);
}

void timeslip_release(timeslip_session *session) {
    while (session->blocks != NULL) {
        timeslip_block *block = session->blocks;
        session->blocks = block->before;
        free(block);
    }
}

timeslip_text timeslip_text_of(const char *string) {
    return (timeslip_text){string, string == NULL ? 0 : strlen(string)};
}

timeslip_text timeslip_copy(timeslip_session *session, const char *data, size_t length) {
    char *copy = timeslip_allocate(session, length + 1);
    if (length != 0) {
        memcpy(copy, data, length);
    }
    return (timeslip_text){copy, length};
}

static timeslip_text format_list(timeslip_session *session, const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    if (length < 0) {
        abort();
    }
    char *text = timeslip_allocate(session, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return (timeslip_text){text, (size_t)length};
}

timeslip_text timeslip_format(timeslip_session *session, const char *format, ...) {
    va_list values;
    va_start(values, format);
    timeslip_text text = format_list(session, format, values);
    va_end(values);
    return text;
}

timeslip_text timeslip_join(timeslip_session *session, const timeslip_text *parts, size_t count,
                            const char *separator) {
    size_t between = strlen(separator), length = 0;
    for (size_t i = 0; i < count; i++) {
        length += parts[i].length + (i == 0 ? 0 : between);
    }
    char *joined = timeslip_allocate(session, length + 1), *to = joined;
    for (size_t i = 0; i < count; i++) {
        if (i != 0) {
            to = (char *)memcpy(to, separator, between) + between;
        }
        if (parts[i].length != 0) {
            to = (char *)memcpy(to, parts[i].data, parts[i].length) + parts[i].length;
        }
    }
    return (timeslip_text){joined, length};
}

bool timeslip_equal(timeslip_text left, timeslip_text right) {
    return left.length == right.length &&
           (left.length == 0 || memcmp(left.data, right.data, left.length) == 0);
}

const char *timeslip_error_name(timeslip_error_kind kind) {
    static const char *const names[] = {
        "ok",          "refused",      "unknown-model",     "context-too-long", "over-budget",
        "invalid-request", "unavailable", "unknown-tool", "invalid-arguments", "failed",
        "invalid-output", "crashed", "nobody", "gone", "not-found", "invalid-path", "timeout",
    };
    return names[kind];
}

world_string_t timeslip_lower(timeslip_text text) {
    return (world_string_t){(uint8_t *)text.data, text.length};
}

world_option_string_t timeslip_lower_optional(timeslip_text text) {
    return (world_option_string_t){text.data != NULL, timeslip_lower(text)};
}

timeslip_text timeslip_take(timeslip_session *session, world_string_t text) {
    timeslip_text taken = timeslip_copy(session, (const char *)text.ptr, text.len);
    if (text.len != 0) {
        free(text.ptr);
    }
    return taken;
}

world_string_t timeslip_give(timeslip_text text) {
    if (text.length == 0) {
        return (world_string_t){NULL, 0};
    }
    uint8_t *copy = malloc(text.length);
    if (copy == NULL) {
        abort();
    }
    return (world_string_t){memcpy(copy, text.data, text.length), text.length};
}

void timeslip_log(timeslip_session *session, timeslip_level level, const char *format, ...) {
    va_list values;
    va_start(values, format);
    world_string_t line = timeslip_lower(format_list(session, format, values));
    va_end(values);
    timeslip_agent_session_blocking_log((uint8_t)level, &line);
}

uint64_t timeslip_now(timeslip_session *session) {
    (void)session;
    return timeslip_agent_session_blocking_now();
}

void timeslip_sleep(timeslip_session *session, uint64_t nanoseconds) {
    (void)session;
    timeslip_agent_session_blocking_sleep(nanoseconds);
}

uint64_t timeslip_random(timeslip_session *session) {
    (void)session;
    return timeslip_agent_session_blocking_random_u64();
}

timeslip_text timeslip_random_bytes(timeslip_session *session, uint32_t length) {
    world_list_u8_t bytes;
    timeslip_agent_session_blocking_random_bytes(length, &bytes);
    return timeslip_take(session, (world_string_t){bytes.ptr, bytes.len});
}

timeslip_text timeslip_config(timeslip_session *session, const char *key) {
    world_string_t name = timeslip_lower(timeslip_text_of(key)), value;
    if (!timeslip_agent_session_blocking_config(&name, &value)) {
        return (timeslip_text){NULL, 0};
    }
    return timeslip_take(session, value);
}

timeslip_span timeslip_span_begin(timeslip_session *session, const char *name) {
    (void)session;
    world_string_t text = timeslip_lower(timeslip_text_of(name));
    return (timeslip_span){timeslip_agent_session_blocking_constructor_span(&text).__handle};
}

void timeslip_span_end(timeslip_span span) {
    timeslip_agent_session_blocking_span_drop_own(
        (timeslip_agent_session_blocking_own_span_t){span.handle});
}

static timeslip_limit limit_of(world_option_u64_t left) {
    return (timeslip_limit){left.is_some, left.is_some ? left.val : 0};
}

timeslip_budget timeslip_budget_left(timeslip_session *session) {
    (void)session;
    timeslip_agent_session_blocking_budget_t budget;
    timeslip_agent_session_blocking_budget_left(&budget);
    return (timeslip_budget){limit_of(budget.time_ns), limit_of(budget.model_calls),
                             limit_of(budget.tool_calls), limit_of(budget.output_tokens)};
}

_Noreturn void timeslip_crash(timeslip_session *session, const char *text) {
    timeslip_log(session, TIMESLIP_ERROR, "%s", text);
    abort();
}

/* The glue asks for an object file that holds the component's type. The type comes from the WIT
 * when the module is encoded as a component, so there is no such file. */
void __component_type_object_force_link_world(void);
void __component_type_object_force_link_world(void) {}
