#include <stdlib.h>

#include "session.h"
#include "tool.h"

/* The texts of all cases of an error lie at the same place. */
static timeslip_error take_file_error(timeslip_session *session,
                                      const timeslip_tool_files_file_error_t *error) {
    static const timeslip_error_kind kinds[] = {
        TIMESLIP_REFUSED,
        TIMESLIP_NOT_FOUND,
        TIMESLIP_INVALID_PATH,
    };
    return (timeslip_error){kinds[error->tag], timeslip_take(session, error->val.refused)};
}

timeslip_file_list timeslip_list_files(timeslip_session *session, timeslip_text prefix) {
    world_string_t beginning = timeslip_lower(prefix);
    timeslip_tool_files_list_file_info_t list;
    timeslip_tool_files_list(&beginning, &list);
    timeslip_file *files = timeslip_allocate(session, (list.len + 1) * sizeof *files);
    for (size_t i = 0; i < list.len; i++) {
        files[i] = (timeslip_file){timeslip_take(session, list.ptr[i].path), list.ptr[i].length};
    }
    if (list.len != 0) {
        free(list.ptr);
    }
    return (timeslip_file_list){files, list.len};
}

static timeslip_output take_bytes(timeslip_session *session, bool ok, world_list_u8_t bytes,
                                  const timeslip_tool_files_file_error_t *error) {
    if (!ok) {
        return (timeslip_output){.error = take_file_error(session, error)};
    }
    world_string_t text = {bytes.ptr, bytes.len};
    return (timeslip_output){.text = timeslip_take(session, text)};
}

timeslip_output timeslip_read_file(timeslip_session *session, timeslip_text path) {
    world_string_t file = timeslip_lower(path);
    world_list_u8_t bytes = {NULL, 0};
    timeslip_tool_files_file_error_t error;
    bool ok = timeslip_tool_files_read(&file, &bytes, &error);
    return take_bytes(session, ok, bytes, &error);
}

timeslip_output timeslip_read_file_range(timeslip_session *session, timeslip_text path,
                                         uint64_t offset, uint32_t length) {
    world_string_t file = timeslip_lower(path);
    world_list_u8_t bytes = {NULL, 0};
    timeslip_tool_files_file_error_t error;
    bool ok = timeslip_tool_files_read_range(&file, offset, length, &bytes, &error);
    return take_bytes(session, ok, bytes, &error);
}

timeslip_error timeslip_write_file(timeslip_session *session, timeslip_text path,
                                   timeslip_text contents) {
    world_string_t file = timeslip_lower(path);
    world_list_u8_t bytes = {(uint8_t *)contents.data, contents.length};
    timeslip_tool_files_file_error_t error;
    if (timeslip_tool_files_write(&file, &bytes, &error)) {
        return (timeslip_error){0};
    }
    return take_file_error(session, &error);
}

timeslip_error timeslip_remove_file(timeslip_session *session, timeslip_text path) {
    world_string_t file = timeslip_lower(path);
    timeslip_tool_files_file_error_t error;
    if (timeslip_tool_files_remove(&file, &error)) {
        return (timeslip_error){0};
    }
    return take_file_error(session, &error);
}
