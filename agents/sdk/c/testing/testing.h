/* Runs agents and tools without a host, for tests: replies are scripted, and the clock moves by
 * sleeping alone. Compiled in place of the folder glue/. */
#ifndef TIMESLIP_TESTING_H
#define TIMESLIP_TESTING_H

#include <stdio.h>
#include <stdlib.h>

#include "timeslip.h"

/* Ends the test program with 1, naming the line, unless the condition holds. */
#define TIMESLIP_CHECK(condition)                                                  \
    do {                                                                           \
        if (!(condition)) {                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                               \
        }                                                                          \
    } while (0)

/* Begins a session in which nothing is scripted yet, and forgets the one before. */
timeslip_session *timeslip_test_begin(void);

/* The text of the failure that the agent gave, or NULL. */
const char *timeslip_test_failure(timeslip_session *session);

/* A value of the bench's configuration. Its texts must outlive the test, as all that follow. */
void timeslip_test_config(const char *key, const char *value);

/* The next reply of the model is this text. */
void timeslip_test_says(const char *text);

/* The next reply of the model asks for this tool. */
void timeslip_test_calls(const char *tool, const char *arguments);

/* The session has a tool of this name, which always gives this output. */
void timeslip_test_tool(const char *name, const char *output);

/* The next answer of the user. */
void timeslip_test_answers(const char *text);

/* How many chats the agent asked for, and the last message of the last one. */
size_t timeslip_test_chats(void);
const char *timeslip_test_last_message(void);

/* A granted file of a tool plugin. */
void timeslip_test_file(const char *path, const char *contents);

#endif
