#include <stdlib.h>

#include "session.h"
#include "tool.h"

static timeslip_http_response take_response(
    timeslip_session *session, const timeslip_tool_http_types_http_response_t *response) {
    size_t count = response->headers.len;
    timeslip_header *headers = timeslip_allocate(session, (count + 1) * sizeof *headers);
    for (size_t i = 0; i < count; i++) {
        headers[i] = (timeslip_header){timeslip_take(session, response->headers.ptr[i].name),
                                       timeslip_take(session, response->headers.ptr[i].value)};
    }
    if (count != 0) {
        free(response->headers.ptr);
    }
    world_string_t body = {response->body.ptr, response->body.len};
    return (timeslip_http_response){
        .status = response->status,
        .headers = headers,
        .header_count = count,
        .body = timeslip_take(session, body),
    };
}

timeslip_http_response timeslip_fetch(timeslip_session *session,
                                      const timeslip_http_request *request) {
    static const timeslip_error_kind kinds[] = {
        TIMESLIP_REFUSED,
        TIMESLIP_INVALID_REQUEST,
        TIMESLIP_TIMEOUT,
        TIMESLIP_FAILED,
    };
    timeslip_tool_http_types_header_t *headers =
        timeslip_allocate(session, (request->header_count + 1) * sizeof *headers);
    for (size_t i = 0; i < request->header_count; i++) {
        headers[i] = (timeslip_tool_http_types_header_t){
            timeslip_lower(request->headers[i].name), timeslip_lower(request->headers[i].value)};
    }
    timeslip_text method = request->method.data == NULL ? TIMESLIP_TEXT("GET") : request->method;
    timeslip_tool_http_types_http_request_t lowered = {
        .method = timeslip_lower(method),
        .url = timeslip_lower(request->url),
        .headers = {headers, request->header_count},
        .body = {(uint8_t *)request->body.data, request->body.length},
    };
    timeslip_tool_http_types_http_response_t response;
    timeslip_tool_http_types_http_error_t error;
    if (timeslip_tool_http_blocking_fetch(&lowered, &response, &error)) {
        return take_response(session, &response);
    }
    return (timeslip_http_response){
        .error = {kinds[error.tag], timeslip_take(session, error.val.refused)}};
}
