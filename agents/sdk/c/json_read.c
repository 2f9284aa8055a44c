#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values inside values; more of them is a mistake rather than an overflow of the stack. */
enum { DEPTH_MAX = 256 };

typedef struct reader {
    timeslip_session *session;
    const char *start;
    const char *at;
    const char *end;
    const char *mistake;
    const char *mistake_at;
    int depth;
} reader;

static bool read_value(reader *r, timeslip_json *value);

static bool refuse(reader *r, const char *mistake) {
    if (r->mistake == NULL) {
        r->mistake = mistake;
        r->mistake_at = r->at;
    }
    return false;
}

static void skip_space(reader *r) {
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) {
        r->at++;
    }
}

static bool take(reader *r, char wanted) {
    skip_space(r);
    if (r->at == r->end || *r->at != wanted) {
        return false;
    }
    r->at++;
    return true;
}

static bool read_word(reader *r, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) {
        return refuse(r, "no JSON value begins here");
    }
    r->at += length;
    return true;
}

static void skip_digits(reader *r) {
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        r->at++;
    }
}

/* A digit stands at the place of reading. */
static bool at_digit(const reader *r) {
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool read_number(reader *r, timeslip_json *value) {
    const char *start = r->at;
    if (*r->at == '-') {
        r->at++;
    }
    if (!at_digit(r)) {
        return refuse(r, "no JSON value begins here");
    }
    bool zero = *r->at == '0';
    const char *whole = r->at;
    skip_digits(r);
    if (zero && r->at > whole + 1) {
        return refuse(r, "a number has a zero before its digits");
    }
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        if (!at_digit(r)) {
            return refuse(r, "digits are missing after the point");
        }
        skip_digits(r);
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-')) {
            r->at++;
        }
        if (!at_digit(r)) {
            return refuse(r, "digits are missing in the exponent");
        }
        skip_digits(r);
    }
    value->kind = TIMESLIP_JSON_NUMBER;
    value->text = timeslip_copy(r->session, start, (size_t)(r->at - start));
    value->number = strtod(value->text.data, NULL);
    return true;
}

static bool read_hex(reader *r, uint32_t *unit) {
    if (r->end - r->at < 4) {
        return refuse(r, "four hexadecimal digits are missing");
    }
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) {
            return refuse(r, "four hexadecimal digits are missing");
        }
        *unit = *unit * 16 + digit;
    }
    return true;
}

static char *write_utf8(char *to, uint32_t point) {
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xC0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        *to++ = (char)(0xE0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    } else {
        *to++ = (char)(0xF0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3F));
        *to++ = (char)(0x80 | (point >> 6 & 0x3F));
        *to++ = (char)(0x80 | (point & 0x3F));
    }
    return to;
}

/* After "\u". A half of a surrogate pair by itself becomes U+FFFD, as UTF-8 has no such thing. */
static bool read_unicode(reader *r, char **to) {
    uint32_t unit, low;
    if (!read_hex(r, &unit)) {
        return false;
    }
    bool leads = unit >= 0xD800 && unit < 0xDC00;
    if (leads && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        const char *back = r->at;
        r->at += 2;
        if (!read_hex(r, &low)) {
            return false;
        }
        if (low >= 0xDC00 && low < 0xE000) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        } else {
            r->at = back;
        }
    }
    *to = write_utf8(*to, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
    return true;
}

static bool read_escape(reader *r, char **to) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end) {
        return refuse(r, "a text has no end");
    }
    char c = *r->at++;
    if (c == 'u') {
        return read_unicode(r, to);
    }
    const char *found = c == 0 ? NULL : strchr(escapes, c);
    if (found == NULL) {
        return refuse(r, "this is no escape of JSON");
    }
    *(*to)++ = meanings[found - escapes];
    return true;
}

static bool read_text(reader *r, timeslip_text *text) {
    const char *end = r->at;
    while (end < r->end && *end != '"') {
        end += *end == '\\' ? 2 : 1;
    }
    if (end >= r->end) {
        return refuse(r, "a text has no end");
    }
    /* No escape is shorter than what it stands for. */
    char *data = timeslip_allocate(r->session, (size_t)(end - r->at) + 1), *to = data;
    while (r->at < end) {
        char c = *r->at;
        if ((unsigned char)c < 0x20) {
            return refuse(r, "a control character stands in a text");
        }
        r->at++;
        if (c != '\\') {
            *to++ = c;
        } else if (!read_escape(r, &to)) {
            return false;
        }
    }
    r->at = end + 1;
    *text = (timeslip_text){data, (size_t)(to - data)};
    return true;
}

/* Room for one more value, and for its name when it is a member's. */
static void grow(reader *r, timeslip_json *value, size_t *capacity) {
    if (value->count < *capacity) {
        return;
    }
    size_t more = *capacity == 0 ? 4 : *capacity * 2;
    timeslip_json *items = timeslip_allocate(r->session, more * sizeof *items);
    timeslip_text *keys = timeslip_allocate(r->session, more * sizeof *keys);
    if (value->count != 0) {
        memcpy(items, value->items, value->count * sizeof *items);
        memcpy(keys, value->keys, value->count * sizeof *keys);
    }
    value->items = items;
    value->keys = keys;
    *capacity = more;
}

static bool read_key(reader *r, timeslip_text *key) {
    if (!take(r, '"')) {
        return refuse(r, "the name of a member is missing");
    }
    if (!read_text(r, key)) {
        return false;
    }
    return take(r, ':') || refuse(r, "a colon is missing");
}

/* Reads the values up to the closing bracket. */
static bool read_items(reader *r, timeslip_json *value, char closing) {
    size_t capacity = 0;
    r->at++;
    if (take(r, closing)) {
        return true;
    }
    do {
        grow(r, value, &capacity);
        if (value->kind == TIMESLIP_JSON_OBJECT && !read_key(r, &value->keys[value->count])) {
            return false;
        }
        if (!read_value(r, &value->items[value->count])) {
            return false;
        }
        value->count++;
    } while (take(r, ','));
    return take(r, closing) || refuse(r, "a comma or the closing bracket is missing");
}

static bool read_value(reader *r, timeslip_json *value) {
    skip_space(r);
    if (r->at == r->end) {
        return refuse(r, "a value is missing");
    }
    char c = *r->at;
    if (c == '{' || c == '[') {
        if (r->depth == DEPTH_MAX) {
            return refuse(r, "values are nested too deep");
        }
        r->depth++;
        value->kind = c == '{' ? TIMESLIP_JSON_OBJECT : TIMESLIP_JSON_LIST;
        bool read = read_items(r, value, c == '{' ? '}' : ']');
        r->depth--;
        return read;
    }
    if (c == '"') {
        r->at++;
        value->kind = TIMESLIP_JSON_TEXT;
        return read_text(r, &value->text);
    }
    if (c == 't' || c == 'f') {
        value->kind = TIMESLIP_JSON_BOOLEAN;
        value->boolean = c == 't';
        return read_word(r, c == 't' ? "true" : "false");
    }
    if (c == 'n') {
        value->kind = TIMESLIP_JSON_NULL;
        return read_word(r, "null");
    }
    return read_number(r, value);
}

const timeslip_json *timeslip_json_read(timeslip_session *session, timeslip_text text,
                                        timeslip_text *mistake) {
    reader r = {session, text.data, text.data, text.data + text.length, NULL, NULL, 0};
    timeslip_json *value = timeslip_allocate(session, sizeof *value);
    bool read = read_value(&r, value);
    skip_space(&r);
    if (read && r.at != r.end) {
        read = refuse(&r, "something stands after the value");
    }
    if (!read && mistake != NULL) {
        size_t place = (size_t)(r.mistake_at - r.start);
        *mistake = timeslip_format(session, "%s (at byte %zu)", r.mistake, place);
    }
    return read ? value : NULL;
}

const timeslip_json *timeslip_json_member(const timeslip_json *object, const char *name) {
    const timeslip_json *found = NULL;
    if (object != NULL && object->kind == TIMESLIP_JSON_OBJECT) {
        for (size_t i = 0; i < object->count; i++) {
            if (timeslip_equal(object->keys[i], timeslip_text_of(name))) {
                found = &object->items[i];
            }
        }
    }
    return found;
}

bool timeslip_json_integer(const timeslip_json *json, int64_t *value) {
    if (json == NULL || json->kind != TIMESLIP_JSON_NUMBER) {
        return false;
    }
    if (strpbrk(json->text.data, ".eE") == NULL) {
        errno = 0;
        *value = strtoll(json->text.data, NULL, 10);
        return errno == 0;
    }
    if (floor(json->number) != json->number || fabs(json->number) > 9007199254740992.0) {
        return false;
    }
    *value = (int64_t)json->number;
    return true;
}
