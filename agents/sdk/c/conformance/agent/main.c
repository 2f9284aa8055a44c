/* The conformance agent: every language's SDK has the same one, with the same texts. */
#include <string.h>

#include "behaviours.h"

static const struct {
    const char *name;
    behaviour *run;
} behaviours[] = {
    {"plain-reply", plain_reply},
    {"options", options},
    {"streaming", streaming},
    {"cancellation", cancellation},
    {"parallel-calls", parallel_calls},
    {"tool-loop", tool_loop},
    {"tool-error", tool_error},
    {"model-error", model_error},
    {"refused-grant", refused_grant},
    {"budget-exhausted", budget_exhausted},
    {"turn-limit", turn_limit},
    {"user-question", user_question},
    {"unicode", unicode},
    {"large-prompt", large_prompt},
    {"deep-json", deep_json},
    {"sleep-and-clock", sleep_and_clock},
    {"random", random_numbers},
    {"journal", journal},
    {"config", config},
    {"budget-left", budget_left},
    {"failure", failure},
    {"panic", defect},
    {"out-of-memory", out_of_memory},
    {"out-of-fuel", out_of_fuel},
};

timeslip_text timeslip_run(timeslip_session *session, timeslip_task task) {
    timeslip_text word = {task.input.data, strcspn(task.input.data, " ")};
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
        if (timeslip_equal(word, timeslip_text_of(behaviours[i].name))) {
            return behaviours[i].run(session);
        }
    }
    return timeslip_fail(session, "no behaviour is called \"%s\"", task.input.data);
}
