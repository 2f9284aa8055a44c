#include <inttypes.h>
#include <stdlib.h>

#include "behaviours.h"

enum { MILLISECOND = 1000 * 1000 };

timeslip_text sleep_and_clock(timeslip_session *session) {
    uint64_t begin = timeslip_now(session);
    timeslip_sleep(session, (uint64_t)1000 * MILLISECOND);
    uint64_t slept = timeslip_now(session) - begin;
    if (slept < (uint64_t)1000 * MILLISECOND || slept >= (uint64_t)1010 * MILLISECOND) {
        return timeslip_fail(session, "slept for %" PRIu64 " ns", slept);
    }
    return TIMESLIP_TEXT("slept");
}

timeslip_text random_numbers(timeslip_session *session) {
    uint64_t first = timeslip_random(session), second = timeslip_random(session);
    timeslip_text bytes = timeslip_random_bytes(session, 5);
    timeslip_text digits[5];
    for (int i = 0; i < 5; i++) {
        digits[i] = timeslip_format(session, "%02x", (unsigned char)bytes.data[i]);
    }
    return timeslip_format(session, "%" PRIx64 " %" PRIx64 " %s", first, second,
                           timeslip_join(session, digits, 5, "").data);
}

timeslip_text journal(timeslip_session *session) {
    timeslip_log(session, TIMESLIP_DEBUG, "at debug");
    timeslip_log(session, TIMESLIP_INFO, "at info");
    timeslip_log(session, TIMESLIP_WARN, "at warn");
    timeslip_log(session, TIMESLIP_ERROR, "at error");
    timeslip_span span = timeslip_span_begin(session, "work");
    timeslip_sleep(session, 5 * MILLISECOND);
    timeslip_span_end(span);
    return TIMESLIP_TEXT("logged");
}

timeslip_text config(timeslip_session *session) {
    timeslip_text greeting = timeslip_config(session, "greeting");
    timeslip_text missing = timeslip_config(session, "missing");
    return timeslip_format(session, "%s/%s", greeting.data == NULL ? "none" : greeting.data,
                           missing.data == NULL ? "none" : missing.data);
}

static const char *left(timeslip_session *session, timeslip_limit limit) {
    return limit.limited ? timeslip_format(session, "%" PRIu64, limit.left).data : "none";
}

timeslip_text budget_left(timeslip_session *session) {
    timeslip_budget before = timeslip_budget_left(session);
    timeslip_reply reply = ask(session, TIMESLIP_TEXT("Say hello."));
    if (reply.error.kind != TIMESLIP_OK) {
        return text_of(session, reply);
    }
    timeslip_budget after = timeslip_budget_left(session);
    return timeslip_format(session, "%s %s %s %s %s->%s", left(session, before.time_ns),
                           left(session, before.model_calls), left(session, before.tool_calls),
                           left(session, before.output_tokens), left(session, before.model_calls),
                           left(session, after.model_calls));
}

timeslip_text failure(timeslip_session *session) {
    return timeslip_fail(session, "the task cannot be done");
}

timeslip_text defect(timeslip_session *session) { timeslip_crash(session, "a defect"); }

timeslip_text out_of_memory(timeslip_session *session) {
    for (;;) {
        volatile char *block = timeslip_allocate(session, 1 << 20);
        block[0] = 1;
    }
}

timeslip_text out_of_fuel(timeslip_session *session) {
    (void)session;
    for (volatile int turns = 0;; turns = turns + 1) {
    }
}
