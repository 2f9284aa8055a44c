#include <string.h>

#include "script.h"
#include "session.h"

void timeslip_test_file(const char *path, const char *contents) {
    timeslip_test_add(&timeslip_script.files, path, contents);
}

static bool not_found(timeslip_tool_files_file_error_t *error) {
    error->tag = TIMESLIP_TOOL_FILES_FILE_ERROR_NOT_FOUND;
    error->val.not_found = timeslip_test_give("the test has no such file");
    return false;
}

void timeslip_tool_files_list(world_string_t *prefix, timeslip_tool_files_list_file_info_t *list) {
    const timeslip_test_list *files = &timeslip_script.files;
    list->len = 0;
    list->ptr = calloc(files->count + 1, sizeof *list->ptr);
    TIMESLIP_CHECK(list->ptr != NULL);
    for (size_t i = 0; i < files->count; i++) {
        if (strncmp(files->names[i], (const char *)prefix->ptr, prefix->len) == 0) {
            list->ptr[list->len++] = (timeslip_tool_files_file_info_t){
                timeslip_test_give(files->names[i]), strlen(files->values[i])};
        }
    }
}

bool timeslip_tool_files_read_range(world_string_t *path, uint64_t offset, uint32_t length,
                                    world_list_u8_t *bytes,
                                    timeslip_tool_files_file_error_t *error) {
    const char *contents = timeslip_test_find(&timeslip_script.files, *path);
    if (contents == NULL) {
        return not_found(error);
    }
    size_t size = strlen(contents), start = offset < size ? (size_t)offset : size;
    size_t most = size - start < length ? size - start : length;
    world_string_t part = timeslip_give((timeslip_text){contents + start, most});
    *bytes = (world_list_u8_t){part.ptr, part.len};
    return true;
}

bool timeslip_tool_files_read(world_string_t *path, world_list_u8_t *bytes,
                              timeslip_tool_files_file_error_t *error) {
    return timeslip_tool_files_read_range(path, 0, UINT32_MAX, bytes, error);
}

/* Copies a text that the test keeps. */
static char *keep(const uint8_t *data, size_t length) {
    char *copy = calloc(length + 1, 1);
    TIMESLIP_CHECK(copy != NULL);
    return length == 0 ? copy : memcpy(copy, data, length);
}

/* The number of a file, or the count of files. */
static size_t number_of(world_string_t path) {
    const timeslip_test_list *files = &timeslip_script.files;
    const char *found = timeslip_test_find(files, path);
    size_t number = 0;
    while (number < files->count && (found == NULL || files->values[number] != found)) {
        number++;
    }
    return number;
}

bool timeslip_tool_files_write(world_string_t *path, world_list_u8_t *contents,
                               timeslip_tool_files_file_error_t *error) {
    (void)error;
    timeslip_test_list *files = &timeslip_script.files;
    size_t number = number_of(*path);
    if (number == files->count) {
        timeslip_test_add(files, keep(path->ptr, path->len), "");
    }
    files->values[number] = keep(contents->ptr, contents->len);
    return true;
}

bool timeslip_tool_files_remove(world_string_t *path, timeslip_tool_files_file_error_t *error) {
    timeslip_test_list *files = &timeslip_script.files;
    size_t number = number_of(*path);
    if (number == files->count) {
        return not_found(error);
    }
    files->count--;
    files->names[number] = files->names[files->count];
    files->values[number] = files->values[files->count];
    return true;
}

bool timeslip_tool_http_blocking_fetch(timeslip_tool_http_types_http_request_t *request,
                                       timeslip_tool_http_types_http_response_t *response,
                                       timeslip_tool_http_types_http_error_t *error) {
    (void)request, (void)response;
    error->tag = TIMESLIP_TOOL_HTTP_TYPES_HTTP_ERROR_REFUSED;
    error->val.refused = timeslip_test_give("a test fetches nothing");
    return false;
}
