package tool

// FileErrorKind is a kind of FileError, as the contract spells it.
type FileErrorKind string

// Why a file cannot be read or written.
const (
	// FileRefused: no grant covers the path, or the grant is not for writing.
	FileRefused FileErrorKind = "refused"
	// FileNotFound: a grant covers the path, but there is no such file.
	FileNotFound FileErrorKind = "not-found"
	// FileInvalidPath: the path is absolute, empty, or has ".." in it.
	FileInvalidPath FileErrorKind = "invalid-path"
)

// FileErrorKinds in the contract's order.
var FileErrorKinds = []FileErrorKind{FileRefused, FileNotFound, FileInvalidPath}

// FileError is why a file could not be read or written.
type FileError struct {
	// Kind of the error.
	Kind FileErrorKind
	// Text for a person to read.
	Text string
}

func (e *FileError) Error() string { return string(e.Kind) + ": " + e.Text }

// FileInfo is what is known of a file.
type FileInfo struct {
	// Path inside the grant, with "/" between its parts.
	Path string
	// Length in bytes.
	Length uint64
}

// FileHost is what a host offers of the files that the bench grants.
type FileHost interface {
	ListFiles(prefix string) []FileInfo
	ReadFile(path string) ([]byte, error)
	ReadFileRange(path string, offset uint64, length uint32) ([]byte, error)
	WriteFile(path string, contents []byte) error
	RemoveFile(path string) error
}

// ListFiles gives the granted files whose path begins with a prefix, sorted by path.
func (c *Call) ListFiles(prefix string) []FileInfo { return c.host.ListFiles(prefix) }

// ReadFile reads a whole file. The error is a *FileError, as of all that follows.
func (c *Call) ReadFile(path string) ([]byte, error) { return c.host.ReadFile(path) }

// ReadFileRange reads at most length bytes from offset; fewer, or none, at the end of the file.
func (c *Call) ReadFileRange(path string, offset uint64, length uint32) ([]byte, error) {
	return c.host.ReadFileRange(path, offset, length)
}

// WriteFile writes a whole file, in place of what it held; folders on the way need not exist.
func (c *Call) WriteFile(path string, contents []byte) error {
	return c.host.WriteFile(path, contents)
}

// RemoveFile removes a file.
func (c *Call) RemoveFile(path string) error { return c.host.RemoveFile(path) }
