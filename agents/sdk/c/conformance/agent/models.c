#include <inttypes.h>

#include "behaviours.h"

timeslip_reply ask(timeslip_session *session, timeslip_text content) {
    timeslip_message message = timeslip_user(content);
    return timeslip_chat(session, &(timeslip_request){.messages = &message, .message_count = 1});
}

timeslip_text text_of(timeslip_session *session, timeslip_reply reply) {
    if (reply.error.kind != TIMESLIP_OK) {
        return timeslip_fail(session, "%s", reply.error.text.data);
    }
    return reply.message.content;
}

timeslip_text plain_reply(timeslip_session *session) {
    return text_of(session, ask(session, TIMESLIP_TEXT("Say hello.")));
}

timeslip_text options(timeslip_session *session) {
    timeslip_message messages[] = {
        timeslip_system(TIMESLIP_TEXT("Be brief.")),
        timeslip_user(TIMESLIP_TEXT("Name a colour.")),
    };
    timeslip_text stop = TIMESLIP_TEXT("\n");
    timeslip_request request = {
        .messages = messages,
        .message_count = 2,
        .max_output_tokens = &(uint32_t){16},
        .temperature = &(double){0.5},
        .top_p = &(double){0.9},
        .seed = &(uint64_t){7},
        .stop = &stop,
        .stop_count = 1,
        .tool_choice = TIMESLIP_CHOOSE_NONE,
    };
    timeslip_reply reply = timeslip_chat(session, &request);
    if (reply.error.kind != TIMESLIP_OK) {
        return text_of(session, reply);
    }
    return timeslip_format(session, "%s %s %" PRIu64 "/%" PRIu64, reply.message.content.data,
                           timeslip_finish_reason_name(reply.finish_reason),
                           reply.usage.input_tokens, reply.usage.output_tokens);
}

timeslip_text streaming(timeslip_session *session) {
    enum { PIECES_MAX = 100 };
    timeslip_message message = timeslip_user(TIMESLIP_TEXT("Count to five."));
    timeslip_request request = {.messages = &message, .message_count = 1};
    timeslip_stream stream = timeslip_stream_start(session, &request);
    timeslip_text pieces[PIECES_MAX];
    timeslip_piece piece;
    size_t count = 0;
    while (count < PIECES_MAX && timeslip_stream_next(session, stream, &piece)) {
        pieces[count++] = piece.content;
    }
    timeslip_reply reply = timeslip_stream_finish(session, stream);
    timeslip_stream_close(stream);
    timeslip_text joined = timeslip_join(session, pieces, count, "");
    if (reply.error.kind != TIMESLIP_OK) {
        return text_of(session, reply);
    }
    if (!timeslip_equal(joined, reply.message.content)) {
        return timeslip_fail(session, "the pieces are not the reply");
    }
    return timeslip_format(session, "%zu pieces: %s", count, joined.data);
}

timeslip_text cancellation(timeslip_session *session) {
    timeslip_message message = timeslip_user(TIMESLIP_TEXT("Write a long poem."));
    timeslip_request request = {.messages = &message, .message_count = 1};
    timeslip_stream stream = timeslip_stream_start(session, &request);
    timeslip_piece piece;
    timeslip_stream_next(session, stream, &piece);
    timeslip_stream_next(session, stream, &piece);
    timeslip_stream_close(stream);
    timeslip_sleep(session, 10 * 1000 * 1000);
    return TIMESLIP_TEXT("cancelled");
}

timeslip_text parallel_calls(timeslip_session *session) {
    timeslip_pending_chat chats[3];
    timeslip_pending_call calls[2];
    timeslip_text answers[5];
    for (int i = 0; i < 3; i++) {
        timeslip_message message = timeslip_user(timeslip_format(session, "Branch %d.", i + 1));
        timeslip_request request = {.messages = &message, .message_count = 1};
        chats[i] = timeslip_chat_start(session, &request);
    }
    for (int i = 0; i < 3; i++) {
        answers[i] = text_of(session, timeslip_chat_wait(session, chats[i]));
    }
    timeslip_text wait = TIMESLIP_TEXT("wait");
    calls[0] = timeslip_call_start(session, wait, TIMESLIP_TEXT("{\"milliseconds\":200}"));
    calls[1] = timeslip_call_start(session, wait, TIMESLIP_TEXT("{\"milliseconds\":100}"));
    for (int i = 0; i < 2; i++) {
        timeslip_output output = timeslip_call_wait(session, calls[i]);
        if (output.error.kind != TIMESLIP_OK) {
            return timeslip_fail(session, "%s", output.error.text.data);
        }
        answers[3 + i] = output.text;
    }
    return timeslip_join(session, answers, 5, " | ");
}

static timeslip_text kind_of(timeslip_reply reply) {
    return timeslip_text_of(timeslip_error_name(reply.error.kind));
}

timeslip_text model_error(timeslip_session *session) {
    timeslip_message message = timeslip_user(TIMESLIP_TEXT("Hi."));
    timeslip_request nothing = {0};
    timeslip_request too_much = {
        .messages = &message, .message_count = 1, .top_p = &(double){2.0}};
    timeslip_request missing = {
        .messages = &message,
        .message_count = 1,
        .tool_choice = TIMESLIP_CHOOSE_NAMED,
        .tool_choice_name = TIMESLIP_TEXT("missing"),
    };
    timeslip_text kinds[] = {
        kind_of(timeslip_chat(session, &nothing)),
        kind_of(timeslip_chat(session, &too_much)),
        kind_of(timeslip_chat(session, &missing)),
    };
    return timeslip_join(session, kinds, 3, ", ");
}

timeslip_text refused_grant(timeslip_session *session) {
    timeslip_message message = timeslip_user(TIMESLIP_TEXT("Hi."));
    timeslip_request request = {
        .model = TIMESLIP_TEXT("another-model"), .messages = &message, .message_count = 1};
    return kind_of(timeslip_chat(session, &request));
}

timeslip_text budget_exhausted(timeslip_session *session) {
    for (int replies = 0;; replies++) {
        timeslip_reply reply = ask(session, TIMESLIP_TEXT("Again."));
        if (reply.error.kind != TIMESLIP_OK) {
            return timeslip_format(session, "%d replies, then %s", replies,
                                   timeslip_error_name(reply.error.kind));
        }
    }
}

timeslip_text unicode(timeslip_session *session) {
    return text_of(session, ask(session, TIMESLIP_TEXT("żółć 🦀 👩\u200d👧 𝕏 ﷽ \0 end")));
}

timeslip_text large_prompt(timeslip_session *session) {
    enum { REPEATED = 65536 };
    timeslip_text part = TIMESLIP_TEXT("0123456789abcde ");
    timeslip_text *parts = timeslip_allocate(session, REPEATED * sizeof *parts);
    for (int i = 0; i < REPEATED; i++) {
        parts[i] = part;
    }
    timeslip_reply reply = ask(session, timeslip_join(session, parts, REPEATED, ""));
    return reply.error.kind == TIMESLIP_OK ? reply.message.content : kind_of(reply);
}
