#include "records.h"

#include <string.h>

static const timeslip_text fine = {NULL, 0};

static timeslip_text read_members(timeslip_session *session, timeslip_record record,
                                  const timeslip_json *json, const char *path, void *into);

static timeslip_text mistake(timeslip_session *session, const char *path, const char *wanted) {
    if (path[0] == 0) {
        return timeslip_format(session, "the arguments must be %s", wanted);
    }
    return timeslip_format(session, "the argument \"%s\" must be %s", path, wanted);
}

/* The path of a member. */
static const char *inside(timeslip_session *session, const char *path, const char *name) {
    return path[0] == 0 ? name : timeslip_format(session, "%s.%s", path, name).data;
}

static timeslip_text read_text(timeslip_session *session, const timeslip_field *field,
                               const timeslip_json *json, const char *path, timeslip_text *into) {
    if (json->kind != TIMESLIP_JSON_TEXT) {
        return mistake(session, path, "a text");
    }
    *into = json->text;
    if (field->choices == NULL) {
        return fine;
    }
    timeslip_text names = TIMESLIP_TEXT("one of");
    for (const char *const *choice = field->choices; *choice != NULL; choice++) {
        if (timeslip_equal(json->text, timeslip_text_of(*choice))) {
            return fine;
        }
        const char *comma = choice == field->choices ? "" : ",";
        names = timeslip_format(session, "%s%s %s", names.data, comma, *choice);
    }
    return mistake(session, path, names.data);
}

static timeslip_text read_value(timeslip_session *session, const timeslip_field *field,
                                const timeslip_json *json, const char *path, void *into);

static timeslip_text read_list(timeslip_session *session, const timeslip_field *field,
                               const timeslip_json *json, const char *path, timeslip_list *into) {
    if (json->kind != TIMESLIP_JSON_LIST) {
        return mistake(session, path, "a list");
    }
    size_t size = field->items->record.size;
    char *items = timeslip_allocate(session, json->count * size);
    for (size_t i = 0; i < json->count; i++) {
        const char *place = timeslip_format(session, "%s[%zu]", path, i).data;
        timeslip_text wrong =
            read_value(session, field->items, &json->items[i], place, items + i * size);
        if (wrong.data != NULL) {
            return wrong;
        }
    }
    *into = (timeslip_list){items, json->count};
    return fine;
}

static timeslip_text read_value(timeslip_session *session, const timeslip_field *field,
                                const timeslip_json *json, const char *path, void *into) {
    switch (field->type) {
    case TIMESLIP_TYPE_INTEGER:
        return timeslip_json_integer(json, into) ? fine : mistake(session, path, "a whole number");
    case TIMESLIP_TYPE_NUMBER:
        *(double *)into = json->number;
        return json->kind == TIMESLIP_JSON_NUMBER ? fine : mistake(session, path, "a number");
    case TIMESLIP_TYPE_BOOLEAN:
        *(bool *)into = json->boolean;
        return json->kind == TIMESLIP_JSON_BOOLEAN ? fine : mistake(session, path, "true or false");
    case TIMESLIP_TYPE_TEXT:
        return read_text(session, field, json, path, into);
    case TIMESLIP_TYPE_ANY:
        *(const timeslip_json **)into = json;
        return fine;
    case TIMESLIP_TYPE_LIST:
        return read_list(session, field, json, path, into);
    case TIMESLIP_TYPE_RECORD:
        return read_members(session, field->record, json, path, into);
    }
    return fine;
}

static timeslip_text read_field(timeslip_session *session, const timeslip_field *field,
                                const timeslip_json *object, const char *path, char *record) {
    const timeslip_json *value = timeslip_json_member(object, field->name);
    if (value == NULL && field->preset != NULL) {
        value = timeslip_json_read(session, timeslip_text_of(field->preset), NULL);
        if (value == NULL) {
            timeslip_crash(session, "the preset of a field is no JSON");
        }
    }
    if (value != NULL) {
        return read_value(session, field, value, path, record + field->offset);
    }
    return field->optional ? fine
                           : timeslip_format(session, "the argument \"%s\" is missing", path);
}

static bool is_known(timeslip_record record, timeslip_text name) {
    for (size_t i = 0; i < record.count; i++) {
        if (timeslip_equal(name, timeslip_text_of(record.fields[i].name))) {
            return true;
        }
    }
    return false;
}

/* The first member that the record does not know, as a mistake. */
static timeslip_text refuse_unknown(timeslip_session *session, timeslip_record record,
                                    const timeslip_json *json, const char *path) {
    for (size_t i = 0; i < json->count; i++) {
        if (!is_known(record, json->keys[i])) {
            timeslip_text *names = timeslip_allocate(session, (record.count + 1) * sizeof *names);
            for (size_t j = 0; j < record.count; j++) {
                names[j] = timeslip_text_of(record.fields[j].name);
            }
            return timeslip_format(session, "there is no argument \"%s\"; there are: %s",
                                   inside(session, path, json->keys[i].data),
                                   timeslip_join(session, names, record.count, ", ").data);
        }
    }
    return fine;
}

static timeslip_text read_members(timeslip_session *session, timeslip_record record,
                                  const timeslip_json *json, const char *path, void *into) {
    if (json->kind != TIMESLIP_JSON_OBJECT) {
        return mistake(session, path, "an object");
    }
    for (size_t i = 0; i < record.count; i++) {
        const timeslip_field *field = &record.fields[i];
        timeslip_text wrong =
            read_field(session, field, json, inside(session, path, field->name), into);
        if (wrong.data != NULL) {
            return wrong;
        }
    }
    return refuse_unknown(session, record, json, path);
}

timeslip_text timeslip_read_record(timeslip_session *session, timeslip_record record,
                                   const timeslip_json *json, void *into) {
    return read_members(session, record, json, "", into);
}

static void write_value(timeslip_writer *w, const timeslip_field *field, const void *from) {
    const timeslip_list *list = from;
    switch (field->type) {
    case TIMESLIP_TYPE_INTEGER:
        timeslip_write_integer(w, *(const int64_t *)from);
        break;
    case TIMESLIP_TYPE_NUMBER:
        timeslip_write_number(w, *(const double *)from);
        break;
    case TIMESLIP_TYPE_BOOLEAN:
        timeslip_write_boolean(w, *(const bool *)from);
        break;
    case TIMESLIP_TYPE_TEXT:
        timeslip_write_text(w, *(const timeslip_text *)from);
        break;
    case TIMESLIP_TYPE_ANY:
        timeslip_write_json(w, *(const timeslip_json *const *)from);
        break;
    case TIMESLIP_TYPE_LIST:
        timeslip_write_begin(w, '[');
        for (size_t i = 0; i < list->count; i++) {
            write_value(w, field->items, (const char *)list->items + i * field->items->record.size);
        }
        timeslip_write_end(w, ']');
        break;
    case TIMESLIP_TYPE_RECORD:
        timeslip_write_record(w, field->record, from);
        break;
    }
}

/* An optional text that is absent is left out. */
static bool is_absent(const timeslip_field *field, const void *from) {
    return field->optional && field->type == TIMESLIP_TYPE_TEXT &&
           ((const timeslip_text *)from)->data == NULL;
}

void timeslip_write_record(timeslip_writer *w, timeslip_record record, const void *from) {
    timeslip_write_begin(w, '{');
    for (size_t i = 0; i < record.count; i++) {
        const timeslip_field *field = &record.fields[i];
        const char *value = (const char *)from + field->offset;
        if (!is_absent(field, value)) {
            timeslip_write_key(w, field->name);
            write_value(w, field, value);
        }
    }
    timeslip_write_end(w, '}');
}
