// Package timeslip is what an agent in Go is written with: chats with models, tools, the user, and
// the clock, the randomness and the journal of the session it runs in.
//
// An agent is a function, made known in an init function:
//
//	func init() { agent.Run(run) }
//	func main() {}
//
//	func run(s *timeslip.Session, task timeslip.Task) (string, error) {
//		reply, err := s.Chat(timeslip.Request{Messages: []timeslip.Message{timeslip.User(task.Input)}})
//		if err != nil {
//			return "", err
//		}
//		return reply.Text(), nil
//	}
//
// Goroutines work as everywhere: what several of them wait for at once overlaps in time.
package timeslip

// Task is what an agent is asked to do.
type Task struct {
	// Name of the task in the bench.
	Name string
	// Input is the task itself: the user's opening words.
	Input string
}

// Session is one execution of a task: models, tools, the user, and what every component sees.
type Session struct {
	Common
	host Host
}

// NewSession makes a session of a host. Package agent calls it, and so do tests.
func NewSession(host Host) *Session {
	return &Session{Common: NewCommon(host), host: host}
}

// Host is what a session asks. Package agent asks the real one, package timesliptest a scripted one.
type Host interface {
	CommonHost
	Chat(request Request) (*Reply, error)
	Stream(request Request) StreamHost
	ListTools() []ToolDefinition
	CallTool(name, arguments string) (string, error)
	AskUser(text string) (string, error)
}

// StreamHost is a reply that arrives in pieces, as a host gives it.
type StreamHost interface {
	Next() (*Piece, error)
	Finish() (*Reply, error)
	Drop()
}

// ListTools gives the session's tools, in the order of the bench and of each plugin.
func (s *Session) ListTools() []ToolDefinition { return s.host.ListTools() }

// CallTool calls a tool, with arguments as JSON text of an object, and waits for its output. The
// error is a *ToolError.
func (s *Session) CallTool(name, arguments string) (string, error) {
	return s.host.CallTool(name, arguments)
}

// AskUser says something to the user and waits for the answer. The error is a *UserError.
func (s *Session) AskUser(text string) (string, error) { return s.host.AskUser(text) }

// Chat asks a model and waits for the whole reply. The error is a *ModelError.
func (s *Session) Chat(request Request) (*Reply, error) { return s.host.Chat(request) }

// Stream asks a model for a reply that arrives in pieces. Close it, or read it to its end.
func (s *Session) Stream(request Request) *Stream {
	return &Stream{host: s.host.Stream(request)}
}
