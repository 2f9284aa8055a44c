/* An agent: it answers the task's input with the help of the session's tools. */
#include "agent.h"

timeslip_text timeslip_run(timeslip_session *session, timeslip_task task) {
    timeslip_loop loop = {
        .system = TIMESLIP_TEXT("Answer in one sentence. Use the tools where they help."),
    };
    timeslip_text answer = timeslip_tool_loop(session, &loop, task.input);
    timeslip_log(session, TIMESLIP_INFO, "ended after %llu ns",
                 (unsigned long long)timeslip_now(session));
    return answer;
}
