/* A tool plugin that lists and reads the documents of a granted folder. */
#include "tool.h"

typedef struct listing {
    timeslip_list documents;
} listing;
static const timeslip_field listing_fields[] = {
    TIMESLIP_FIELD(listing, documents, .items = TIMESLIP_ITEMS(timeslip_text)),
};

static timeslip_output list_documents(timeslip_session *session, const void *arguments) {
    (void)arguments;
    timeslip_file_list files = timeslip_list_files(session, TIMESLIP_TEXT(""));
    timeslip_text *names = timeslip_allocate(session, (files.count + 1) * sizeof *names);
    for (size_t i = 0; i < files.count; i++) {
        names[i] = files.items[i].path;
    }
    return TIMESLIP_GIVE(session, listing_fields, &(listing){{names, files.count}});
}

typedef struct reading {
    timeslip_text name;
} reading;
static const timeslip_field reading_fields[] = {
    TIMESLIP_FIELD(reading, name, .description = "The document, as list_documents names it."),
};

static timeslip_output read_document(timeslip_session *session, const void *arguments) {
    timeslip_output contents = timeslip_read_file(session, ((const reading *)arguments)->name);
    if (contents.error.kind != TIMESLIP_OK) {
        return timeslip_failed(session, "%s", contents.error.text.data);
    }
    return contents;
}

static const timeslip_tool tools[] = {
    {"list_documents", "Lists the documents.", TIMESLIP_NOTHING,
     TIMESLIP_RECORD(listing, listing_fields), TIMESLIP_PURE, list_documents},
    {"read_document", "Reads a document.", TIMESLIP_RECORD(reading, reading_fields),
     TIMESLIP_NOTHING, TIMESLIP_PURE, read_document},
};
TIMESLIP_TOOLS(tools);
