package tool

import (
	"runtime"
	"timeslip/internal/abi"
	"timeslip/internal/session"
	"unsafe"
)

//go:wasmimport timeslip:tool/files@0.1.0 list
func listFiles(prefix unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport timeslip:tool/files@0.1.0 read
func readFile(path unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport timeslip:tool/files@0.1.0 read-range
func readFileRange(path unsafe.Pointer, length uint32, offset uint64, most uint32, result unsafe.Pointer)

//go:wasmimport timeslip:tool/files@0.1.0 write
func writeFile(path unsafe.Pointer, length uint32, contents unsafe.Pointer, size uint32, result unsafe.Pointer)

//go:wasmimport timeslip:tool/files@0.1.0 remove
func removeFile(path unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport timeslip:tool/http@0.1.0 [async-lower]fetch
func fetch(request, result unsafe.Pointer) uint32

// host is the session that the call runs in.
type host struct{ session.Host }

type fileRecord struct {
	path   abi.List
	length uint64
}

// bytesResult is a result of bytes or a file-error; the error lies where the value would.
type bytesResult struct {
	failed uint8
	value  abi.Case
}

func (r *bytesResult) lift() ([]byte, error) {
	if r.failed != 0 {
		kind := FileErrorKinds[r.value.Tag]
		return nil, &FileError{Kind: kind, Text: abi.TakeString(r.value.Text)}
	}
	return abi.Take[byte](*(*abi.List)(unsafe.Pointer(&r.value))), nil
}

// done is for results without a value.
func (r *bytesResult) done() error {
	if r.failed == 0 {
		return nil
	}
	_, err := r.lift()
	return err
}

// ListFiles implements Host, as all that follows.
func (host) ListFiles(prefix string) []FileInfo {
	result := new(abi.List)
	listFiles(abi.Text(prefix), uint32(len(prefix)), unsafe.Pointer(result))
	var files []FileInfo
	for _, record := range abi.Take[fileRecord](*result) {
		files = append(files, FileInfo{abi.TakeString(record.path), record.length})
	}
	return files
}

// ReadFile reads a whole file.
func (host) ReadFile(path string) ([]byte, error) {
	result := new(bytesResult)
	readFile(abi.Text(path), uint32(len(path)), unsafe.Pointer(result))
	return result.lift()
}

// ReadFileRange reads a part of a file.
func (host) ReadFileRange(path string, offset uint64, length uint32) ([]byte, error) {
	result := new(bytesResult)
	readFileRange(abi.Text(path), uint32(len(path)), offset, length, unsafe.Pointer(result))
	return result.lift()
}

// WriteFile writes a file.
func (host) WriteFile(path string, contents []byte) error {
	result := new(bytesResult)
	data := unsafe.Pointer(unsafe.SliceData(contents))
	writeFile(abi.Text(path), uint32(len(path)), data, uint32(len(contents)), unsafe.Pointer(result))
	return result.done()
}

// RemoveFile removes a file.
func (host) RemoveFile(path string) error {
	result := new(bytesResult)
	removeFile(abi.Text(path), uint32(len(path)), unsafe.Pointer(result))
	return result.done()
}

type headerRecord struct{ name, value abi.List }

type requestRecord struct{ method, url, headers, body abi.List }

type responseRecord struct {
	status  uint16
	headers abi.List
	body    abi.List
}

// responseResult is a result of a response or an http-error.
type responseResult struct {
	failed   uint8
	response responseRecord
}

// Fetch waits for the response.
func (host) Fetch(request HTTPRequest) (*HTTPResponse, error) {
	memory, result := new(abi.Memory), new(responseResult)
	headers := make([]headerRecord, len(request.Headers))
	for i, header := range request.Headers {
		headers[i] = headerRecord{memory.String(header.Name), memory.String(header.Value)}
	}
	record := &requestRecord{
		memory.String(request.Method), memory.String(request.URL), abi.Place(memory, headers),
		memory.Bytes(request.Body),
	}
	abi.Wait(fetch(unsafe.Pointer(record), unsafe.Pointer(result)))
	runtime.KeepAlive(memory)
	runtime.KeepAlive(record)
	return result.lift()
}

func (r *responseResult) lift() (*HTTPResponse, error) {
	if r.failed != 0 {
		failure := (*abi.Case)(unsafe.Pointer(&r.response))
		return nil, &HTTPError{HTTPErrorKinds[failure.Tag], abi.TakeString(failure.Text)}
	}
	response := &HTTPResponse{Status: r.response.status}
	for _, record := range abi.Take[headerRecord](r.response.headers) {
		header := Header{abi.TakeString(record.name), abi.TakeString(record.value)}
		response.Headers = append(response.Headers, header)
	}
	response.Body = abi.Take[byte](r.response.body)
	return response, nil
}
