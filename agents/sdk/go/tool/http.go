package tool

// Header is a line of a request's or a response's head.
type Header struct {
	// Name; case does not matter.
	Name string
	// Value of the header.
	Value string
}

// HTTPRequest is a request over HTTP.
type HTTPRequest struct {
	// Method, such as GET; empty for GET.
	Method string
	// URL with its scheme: https://…
	URL string
	// Headers, without host and content-length, which the host adds.
	Headers []Header
	// Body, empty for none.
	Body []byte
}

// HTTPResponse is a response, whatever its status says.
type HTTPResponse struct {
	// Status, such as 200.
	Status uint16
	// Headers, their names in lower case, in the server's order.
	Headers []Header
	// Body, whole and decompressed.
	Body []byte
}

// HTTPErrorKind is a kind of HTTPError, as the contract spells it.
type HTTPErrorKind string

// Why there is no response.
const (
	// HTTPRefused: no grant covers the address.
	HTTPRefused HTTPErrorKind = "refused"
	// HTTPInvalidRequest: the request breaks a rule.
	HTTPInvalidRequest HTTPErrorKind = "invalid-request"
	// HTTPTimeout: no whole response came in time.
	HTTPTimeout HTTPErrorKind = "timeout"
	// HTTPFailed: the server could not be reached, or what it sent is no response.
	HTTPFailed HTTPErrorKind = "failed"
)

// HTTPErrorKinds in the contract's order.
var HTTPErrorKinds = []HTTPErrorKind{HTTPRefused, HTTPInvalidRequest, HTTPTimeout, HTTPFailed}

// HTTPError is why there is no response.
type HTTPError struct {
	// Kind of the error.
	Kind HTTPErrorKind
	// Text for a person to read.
	Text string
}

func (e *HTTPError) Error() string { return string(e.Kind) + ": " + e.Text }

// Fetch sends a request and waits for the whole response. Redirects are not followed. Fetches of
// several goroutines overlap. The error is an *HTTPError.
func (c *Call) Fetch(request HTTPRequest) (*HTTPResponse, error) {
	if request.Method == "" {
		request.Method = "GET"
	}
	return c.host.Fetch(request)
}
