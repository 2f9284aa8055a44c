package timesliptest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"timeslip/tool"
)

// Plugin is what tools of a test see: files in memory and scripted HTTP.
type Plugin struct {
	// Session is the clock, the randomness, the configuration and the journal.
	*Session
	// Files by their path.
	Files map[string]string
	// OnFetch answers requests over HTTP.
	OnFetch func(request tool.HTTPRequest) (*tool.HTTPResponse, error)
}

// NewPlugin makes what tools of a test see.
func NewPlugin(test testing.TB) *Plugin {
	return &Plugin{Session: New(test), Files: map[string]string{}}
}

// Call calls one of the tools, with arguments as JSON text.
func (p *Plugin) Call(tools []tool.Tool, name, arguments string) (string, error) {
	return tool.Answer(tools, name, tool.NewCall(pluginHost{host{p.Session}, p}, arguments))
}

type pluginHost struct {
	host
	p *Plugin
}

func notFound(path string) error {
	return &tool.FileError{Kind: tool.FileNotFound, Text: fmt.Sprintf("there is no file %q", path)}
}

func (h pluginHost) ListFiles(prefix string) []tool.FileInfo {
	var files []tool.FileInfo
	for _, path := range slices.Sorted(maps.Keys(h.p.Files)) {
		if strings.HasPrefix(path, prefix) {
			files = append(files, tool.FileInfo{Path: path, Length: uint64(len(h.p.Files[path]))})
		}
	}
	return files
}

func (h pluginHost) ReadFile(path string) ([]byte, error) {
	contents, found := h.p.Files[path]
	if !found {
		return nil, notFound(path)
	}
	return []byte(contents), nil
}

func (h pluginHost) ReadFileRange(path string, offset uint64, length uint32) ([]byte, error) {
	contents, err := h.ReadFile(path)
	contents = contents[min(offset, uint64(len(contents))):]
	return contents[:min(int(length), len(contents))], err
}

func (h pluginHost) WriteFile(path string, contents []byte) error {
	h.p.Files[path] = string(contents)
	return nil
}

func (h pluginHost) RemoveFile(path string) error {
	if _, found := h.p.Files[path]; !found {
		return notFound(path)
	}
	delete(h.p.Files, path)
	return nil
}

func (h pluginHost) Fetch(request tool.HTTPRequest) (*tool.HTTPResponse, error) {
	if h.p.OnFetch == nil {
		return nil, &tool.HTTPError{Kind: tool.HTTPRefused, Text: "the test has no OnFetch"}
	}
	return h.p.OnFetch(request)
}
