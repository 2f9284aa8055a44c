/* What a test has scripted; shared by the files of this folder. */
#ifndef TIMESLIP_TESTING_SCRIPT_H
#define TIMESLIP_TESTING_SCRIPT_H

#include "testing.h"
#include "world.h"

enum { TIMESLIP_TEST_MAX = 64 };

/* Names with values, in the order of the test. */
typedef struct timeslip_test_list {
    const char *names[TIMESLIP_TEST_MAX];
    const char *values[TIMESLIP_TEST_MAX];
    size_t count;
    /* How many have been taken. */
    size_t taken;
} timeslip_test_list;

/* A whole script. */
typedef struct timeslip_test_script {
    timeslip_test_list config;
    /* The tool that a reply asks for, or NULL, with its text or arguments. */
    timeslip_test_list replies;
    timeslip_test_list tools;
    timeslip_test_list answers;
    timeslip_test_list files;
    uint64_t now;
    uint64_t random;
    char *last_message;
} timeslip_test_script;

extern timeslip_test_script timeslip_script;

/* Adds to a list, and finds the value of a name. */
void timeslip_test_add(timeslip_test_list *list, const char *name, const char *value);
const char *timeslip_test_find(const timeslip_test_list *list, world_string_t name);

/* A text as the contract's glue would give it. */
world_string_t timeslip_test_give(const char *text);

#endif
