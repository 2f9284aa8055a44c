/* Records between C and JSON, by their tables of fields. */
#ifndef TIMESLIP_RECORDS_H
#define TIMESLIP_RECORDS_H

#include "tool.h"

/* Reads a record. Gives what is wrong, or an absent text. */
timeslip_text timeslip_read_record(timeslip_session *session, timeslip_record record,
                                   const timeslip_json *json, void *into);

/* Writes a record. */
void timeslip_write_record(timeslip_writer *writer, timeslip_record record, const void *from);

#endif
