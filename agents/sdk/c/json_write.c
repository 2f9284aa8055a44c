#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

timeslip_writer timeslip_writer_of(timeslip_session *session) {
    return (timeslip_writer){.session = session};
}

static void append(timeslip_writer *w, const char *data, size_t length) {
    if (w->length + length + 1 > w->capacity) {
        size_t capacity = (w->length + length + 1) * 2;
        char *grown = timeslip_allocate(w->session, capacity);
        if (w->length != 0) {
            memcpy(grown, w->data, w->length);
        }
        w->data = grown;
        w->capacity = capacity;
    }
    memcpy(w->data + w->length, data, length);
    w->length += length;
    w->data[w->length] = 0;
}

/* What stands before a value. */
static void separate(timeslip_writer *w) {
    if (w->comma) {
        append(w, ",", 1);
    }
    w->comma = true;
}

void timeslip_write_begin(timeslip_writer *w, char bracket) {
    separate(w);
    append(w, &bracket, 1);
    w->comma = false;
}

void timeslip_write_end(timeslip_writer *w, char bracket) {
    append(w, &bracket, 1);
    w->comma = true;
}

static void write_character(timeslip_writer *w, unsigned char c) {
    char escape[8];
    const char *found;
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    if (c != 0 && (found = strchr(plain, c)) != NULL) {
        append(w, (char[]){'\\', letters[found - plain]}, 2);
    } else if (c < 0x20) {
        append(w, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
    } else {
        append(w, (char *)&c, 1);
    }
}

void timeslip_write_text(timeslip_writer *w, timeslip_text text) {
    separate(w);
    append(w, "\"", 1);
    for (size_t i = 0; i < text.length; i++) {
        write_character(w, (unsigned char)text.data[i]);
    }
    append(w, "\"", 1);
}

void timeslip_write_key(timeslip_writer *w, const char *name) {
    timeslip_write_text(w, timeslip_text_of(name));
    append(w, ":", 1);
    w->comma = false;
}

void timeslip_write_raw(timeslip_writer *w, const char *json) {
    separate(w);
    append(w, json, strlen(json));
}

void timeslip_write_integer(timeslip_writer *w, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    timeslip_write_raw(w, digits);
}

/* The shortest of the usual spellings that reads back as the same number; JSON has no infinity. */
void timeslip_write_number(timeslip_writer *w, double value) {
    char digits[32] = "null";
    for (int precision = 15; isfinite(value) && precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) {
            break;
        }
    }
    timeslip_write_raw(w, digits);
}

void timeslip_write_boolean(timeslip_writer *w, bool value) {
    timeslip_write_raw(w, value ? "true" : "false");
}

void timeslip_write_null(timeslip_writer *w) { timeslip_write_raw(w, "null"); }

static void write_items(timeslip_writer *w, const timeslip_json *json) {
    bool object = json->kind == TIMESLIP_JSON_OBJECT;
    timeslip_write_begin(w, object ? '{' : '[');
    for (size_t i = 0; i < json->count; i++) {
        if (object) {
            timeslip_write_text(w, json->keys[i]);
            append(w, ":", 1);
            w->comma = false;
        }
        timeslip_write_json(w, &json->items[i]);
    }
    timeslip_write_end(w, object ? '}' : ']');
}

void timeslip_write_json(timeslip_writer *w, const timeslip_json *json) {
    switch (json->kind) {
    case TIMESLIP_JSON_NULL:
        timeslip_write_null(w);
        break;
    case TIMESLIP_JSON_BOOLEAN:
        timeslip_write_boolean(w, json->boolean);
        break;
    case TIMESLIP_JSON_NUMBER:
        timeslip_write_raw(w, json->text.data);
        break;
    case TIMESLIP_JSON_TEXT:
        timeslip_write_text(w, json->text);
        break;
    case TIMESLIP_JSON_LIST:
    case TIMESLIP_JSON_OBJECT:
        write_items(w, json);
        break;
    }
}

timeslip_text timeslip_written(const timeslip_writer *w) {
    return w->length == 0 ? TIMESLIP_TEXT("") : (timeslip_text){w->data, w->length};
}
