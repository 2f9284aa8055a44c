#include <string.h>

#include "script.h"
#include "session.h"

timeslip_test_script timeslip_script;

static timeslip_session session;

timeslip_session *timeslip_test_begin(void) {
    timeslip_release(&session);
    session = (timeslip_session){0};
    timeslip_script = (timeslip_test_script){0};
    return &session;
}

const char *timeslip_test_failure(timeslip_session *of) { return of->failure.data; }

void timeslip_test_add(timeslip_test_list *list, const char *name, const char *value) {
    TIMESLIP_CHECK(list->count < TIMESLIP_TEST_MAX);
    list->names[list->count] = name;
    list->values[list->count++] = value;
}

const char *timeslip_test_find(const timeslip_test_list *list, world_string_t name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strlen(list->names[i]) == name.len && memcmp(list->names[i], name.ptr, name.len) == 0) {
            return list->values[i];
        }
    }
    return NULL;
}

world_string_t timeslip_test_give(const char *text) {
    return timeslip_give(timeslip_text_of(text));
}

void timeslip_test_config(const char *key, const char *value) {
    timeslip_test_add(&timeslip_script.config, key, value);
}

void timeslip_agent_session_blocking_log(timeslip_agent_session_blocking_log_level_t level,
                                         world_string_t *message) {
    fprintf(stderr, "log %d: %.*s\n", level, (int)message->len, (const char *)message->ptr);
}

timeslip_agent_session_blocking_own_span_t timeslip_agent_session_blocking_constructor_span(
    world_string_t *name) {
    (void)name;
    return (timeslip_agent_session_blocking_own_span_t){1};
}

void timeslip_agent_session_blocking_span_drop_own(
    timeslip_agent_session_blocking_own_span_t span) {
    (void)span;
}

uint64_t timeslip_agent_session_blocking_now(void) { return timeslip_script.now; }

void timeslip_agent_session_blocking_sleep(uint64_t nanoseconds) {
    timeslip_script.now += nanoseconds;
}

/* SplitMix64, from the same seed in every test. */
uint64_t timeslip_agent_session_blocking_random_u64(void) {
    uint64_t mixed = timeslip_script.random += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return mixed ^ mixed >> 31;
}

void timeslip_agent_session_blocking_random_bytes(uint32_t length, world_list_u8_t *bytes) {
    bytes->len = length < 65536 ? length : 65536;
    bytes->ptr = malloc(bytes->len + 1);
    TIMESLIP_CHECK(bytes->ptr != NULL);
    for (size_t i = 0; i < bytes->len; i++) {
        bytes->ptr[i] = (uint8_t)timeslip_agent_session_blocking_random_u64();
    }
}

bool timeslip_agent_session_blocking_config(world_string_t *key, world_string_t *value) {
    const char *found = timeslip_test_find(&timeslip_script.config, *key);
    if (found != NULL) {
        *value = timeslip_test_give(found);
    }
    return found != NULL;
}

void timeslip_agent_session_blocking_budget_left(timeslip_agent_session_blocking_budget_t *left) {
    *left = (timeslip_agent_session_blocking_budget_t){0};
}
