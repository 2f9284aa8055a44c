/* What the conformance agent does, by the first word of the task's input. */
#ifndef BEHAVIOURS_H
#define BEHAVIOURS_H

#include "agent.h"

typedef timeslip_text behaviour(timeslip_session *session);

behaviour plain_reply, options, streaming, cancellation, parallel_calls, model_error, refused_grant,
    budget_exhausted, unicode, large_prompt;
behaviour tool_loop, turn_limit, tool_error, deep_json, user_question;
behaviour sleep_and_clock, random_numbers, journal, config, budget_left, failure, defect,
    out_of_memory, out_of_fuel;

/* Asks with one message of the user. */
timeslip_reply ask(timeslip_session *session, timeslip_text content);

/* The text of a reply, or the error as the agent's failure. */
timeslip_text text_of(timeslip_session *session, timeslip_reply reply);

#endif
