// Package timesliptest runs agents and tools without a host, for `go test`: replies are scripted,
// and the clock moves by sleeping alone.
package timesliptest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
	"timeslip"
)

// Session is a scripted session. Fill in what the agent is to hear, and give Session to it.
type Session struct {
	// Session is what the agent gets.
	*timeslip.Session
	// Replies of the model, in the order of the chats.
	Replies []timeslip.Message
	// Answers of the user, in the order of the questions.
	Answers []string
	// Offered are the session's tools.
	Offered []timeslip.ToolDefinition
	// OnCall calls a tool.
	OnCall func(name, arguments string) (string, error)
	// Settings are the bench's configuration.
	Settings map[string]string
	// Requests that the agent has made.
	Requests []timeslip.Request
	// Journal is what the agent has logged.
	Journal []string

	test    testing.TB
	mutex   sync.Mutex
	elapsed time.Duration
	random  *rand.Rand
}

// New makes a session for a test.
func New(test testing.TB) *Session {
	s := &Session{test: test, random: rand.New(rand.NewPCG(1, 2))}
	s.Session = timeslip.NewSession(host{s})
	return s
}

// Says is a reply of the model.
func Says(text string) timeslip.Message { return timeslip.Assistant(text) }

// Calls is a reply of the model that asks for one tool.
func Calls(name, arguments string) timeslip.Message {
	call := timeslip.ToolCall{ID: "call-1", Name: name, Arguments: arguments}
	return timeslip.Message{Role: timeslip.RoleAssistant, ToolCalls: []timeslip.ToolCall{call}}
}

type host struct{ s *Session }

func (h host) Chat(request timeslip.Request) (*timeslip.Reply, error) {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	h.s.Requests = append(h.s.Requests, request)
	if len(h.s.Replies) == 0 {
		text := "the test's script has no more replies"
		return nil, &timeslip.ModelError{Kind: timeslip.ModelUnavailable, Text: text}
	}
	reply := &timeslip.Reply{Message: h.s.Replies[0], FinishReason: timeslip.FinishStop}
	h.s.Replies = h.s.Replies[1:]
	if len(reply.Message.ToolCalls) > 0 {
		reply.FinishReason = timeslip.FinishToolCalls
	}
	return reply, nil
}

func (h host) Stream(request timeslip.Request) timeslip.StreamHost {
	reply, err := h.Chat(request)
	s := &stream{reply: reply, err: err}
	if err == nil {
		s.pieces = strings.SplitAfter(reply.Text(), " ")
	}
	return s
}

type stream struct {
	reply  *timeslip.Reply
	err    error
	pieces []string
	given  uint64
}

func (s *stream) Next() (*timeslip.Piece, error) {
	if s.err != nil || len(s.pieces) == 0 {
		return nil, s.err
	}
	s.given++
	piece := &timeslip.Piece{Content: s.pieces[0], OutputTokens: s.given}
	s.pieces = s.pieces[1:]
	return piece, nil
}

func (s *stream) Finish() (*timeslip.Reply, error) { return s.reply, s.err }

func (s *stream) Drop() {}

func (h host) ListTools() []timeslip.ToolDefinition { return h.s.Offered }

func (h host) CallTool(name, arguments string) (string, error) {
	if h.s.OnCall == nil {
		text := fmt.Sprintf("the test has no tool %q; set OnCall", name)
		return "", &timeslip.ToolError{Kind: timeslip.ToolUnknown, Text: text}
	}
	return h.s.OnCall(name, arguments)
}

func (h host) AskUser(string) (string, error) {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	if len(h.s.Answers) == 0 {
		return "", &timeslip.UserError{Kind: timeslip.UserNobody, Text: "the test has no more answers"}
	}
	answer := h.s.Answers[0]
	h.s.Answers = h.s.Answers[1:]
	return answer, nil
}

func (h host) Log(level timeslip.Level, text string) {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	h.s.test.Logf("%v: %s", level, text)
	h.s.Journal = append(h.s.Journal, text)
}

func (h host) BeginSpan(string) func() { return func() {} }

func (h host) Now() time.Duration {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	return h.s.elapsed
}

func (h host) Sleep(duration time.Duration) {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	h.s.elapsed += duration
}

func (h host) RandomUint64() uint64 {
	h.s.mutex.Lock()
	defer h.s.mutex.Unlock()
	return h.s.random.Uint64()
}

func (h host) RandomBytes(length uint32) []byte {
	bytes := make([]byte, min(length, 65_536))
	for i := range bytes {
		bytes[i] = byte(h.RandomUint64())
	}
	return bytes
}

func (h host) Config(key string) (string, bool) {
	value, found := h.s.Settings[key]
	return value, found
}

func (h host) BudgetLeft() timeslip.Budget { return timeslip.Budget{} }
