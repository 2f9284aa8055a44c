#include <string.h>

#include "tool.h"

static void write_record(timeslip_writer *w, timeslip_record record);

static bool may_be_left_out(const timeslip_field *field) {
    return field->optional || field->preset != NULL;
}

/* Writes what JSON Schema says of a type, without the brackets around it. */
static void write_type(timeslip_writer *w, const timeslip_field *field) {
    static const char *const names[] = {"integer", "number", "boolean", "string", NULL, "array"};
    if (field->type == TIMESLIP_TYPE_RECORD) {
        write_record(w, field->record);
    } else if (names[field->type] != NULL) {
        timeslip_write_key(w, "type");
        timeslip_write_text(w, timeslip_text_of(names[field->type]));
    }
    if (field->type == TIMESLIP_TYPE_LIST) {
        timeslip_write_key(w, "items");
        timeslip_write_begin(w, '{');
        write_type(w, field->items);
        timeslip_write_end(w, '}');
    }
}

static void write_choices(timeslip_writer *w, const char *const *choices) {
    timeslip_write_key(w, "enum");
    timeslip_write_begin(w, '[');
    for (; *choices != NULL; choices++) {
        timeslip_write_text(w, timeslip_text_of(*choices));
    }
    timeslip_write_end(w, ']');
}

static void write_field(timeslip_writer *w, const timeslip_field *field) {
    timeslip_write_key(w, field->name);
    timeslip_write_begin(w, '{');
    write_type(w, field);
    if (field->description != NULL) {
        timeslip_write_key(w, "description");
        timeslip_write_text(w, timeslip_text_of(field->description));
    }
    if (field->choices != NULL) {
        write_choices(w, field->choices);
    }
    if (field->preset != NULL) {
        timeslip_write_key(w, "default");
        timeslip_write_raw(w, field->preset);
    }
    timeslip_write_end(w, '}');
}

static void write_record(timeslip_writer *w, timeslip_record record) {
    timeslip_write_key(w, "type");
    timeslip_write_text(w, TIMESLIP_TEXT("object"));
    timeslip_write_key(w, "properties");
    timeslip_write_begin(w, '{');
    for (size_t i = 0; i < record.count; i++) {
        write_field(w, &record.fields[i]);
    }
    timeslip_write_end(w, '}');
    timeslip_write_key(w, "required");
    timeslip_write_begin(w, '[');
    for (size_t i = 0; i < record.count; i++) {
        if (!may_be_left_out(&record.fields[i])) {
            timeslip_write_text(w, timeslip_text_of(record.fields[i].name));
        }
    }
    timeslip_write_end(w, ']');
    timeslip_write_key(w, "additionalProperties");
    timeslip_write_boolean(w, false);
}

timeslip_text timeslip_schema(timeslip_session *session, timeslip_record record) {
    timeslip_writer w = timeslip_writer_of(session);
    timeslip_write_begin(&w, '{');
    write_record(&w, record);
    timeslip_write_end(&w, '}');
    return timeslip_written(&w);
}
