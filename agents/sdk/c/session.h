/* What the SDK's own files share. */
#ifndef TIMESLIP_SESSION_H
#define TIMESLIP_SESSION_H

#include "timeslip.h"
#include "world.h"

struct timeslip_session {
    /* The arena's newest block, which knows the one before. */
    struct timeslip_block *blocks;
    /* Why the agent gives up; absent while it does not. */
    timeslip_text failure;
    /* The arguments of the tool call under way. */
    timeslip_text arguments;
};

/* Frees everything in the arena. */
void timeslip_release(timeslip_session *session);

/* A text as the contract's glue takes it. The glue only reads it. */
world_string_t timeslip_lower(timeslip_text text);

/* An optional text, absent when its `data` is NULL. */
world_option_string_t timeslip_lower_optional(timeslip_text text);

/* Moves a text that the glue gave into the arena. */
timeslip_text timeslip_take(timeslip_session *session, world_string_t text);

/* A text for the glue to keep and free. */
world_string_t timeslip_give(timeslip_text text);

#endif
