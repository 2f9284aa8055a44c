package timeslip

import (
	"errors"
	"io"
	"time"
)

// Role says who wrote a message.
type Role uint8

// The roles, in the contract's order.
const (
	// RoleSystem is the agent's author.
	RoleSystem Role = iota
	// RoleUser is whom the agent works for.
	RoleUser
	// RoleAssistant is the model.
	RoleAssistant
	// RoleTool is a tool, answering a tool call.
	RoleTool
)

// ToolCall is a model's request to call a tool.
type ToolCall struct {
	// ID names the call inside the conversation.
	ID string
	// Name of the tool.
	Name string
	// Arguments are JSON text of an object.
	Arguments string
}

// Message is one message of a conversation.
type Message struct {
	// Role of the author.
	Role Role
	// Content is the text, empty when the message is only tool calls.
	Content string
	// ToolCalls that an assistant's message asks for.
	ToolCalls []ToolCall
	// ToolCallID is, in a tool's message, the ID of the call that it answers.
	ToolCallID *string
}

// System is a message of instructions from the agent's author.
func System(content string) Message { return Message{Role: RoleSystem, Content: content} }

// User is a message of whom the agent works for.
func User(content string) Message { return Message{Role: RoleUser, Content: content} }

// Assistant is a message of the model.
func Assistant(content string) Message { return Message{Role: RoleAssistant, Content: content} }

// ToolOutput is the message that answers a tool call.
func ToolOutput(callID, content string) Message {
	return Message{Role: RoleTool, Content: content, ToolCallID: &callID}
}

// ToolChoice says whether the model may, must or must not call tools. The zero value is ToolAuto.
type ToolChoice struct {
	// Kind of the choice.
	Kind ToolChoiceKind
	// Name of the tool, for ToolNamed alone.
	Name string
}

// ToolChoiceKind is a kind of ToolChoice.
type ToolChoiceKind uint8

// The kinds of ToolChoice, in the contract's order.
const (
	// ToolAuto lets the model choose.
	ToolAuto ToolChoiceKind = iota
	// ToolNone forbids tools.
	ToolNone
	// ToolRequired demands some tool.
	ToolRequired
	// ToolNamed demands the tool of this name.
	ToolNamed
)

// Options of a chat. What is nil or empty is left to the machine; builtin new(value) makes a
// pointer to a value.
type Options struct {
	// MaxOutputTokens ends the reply with FinishLength there.
	MaxOutputTokens *uint32
	// Temperature of the sampling, 0 or more.
	Temperature *float64
	// TopP is nucleus sampling, over 0 and up to 1.
	TopP *float64
	// Seed of the sampling.
	Seed *uint64
	// Stop are texts that end the reply before they are written.
	Stop []string
	// ToolChoice says whether the model may call tools.
	ToolChoice ToolChoice
	// ResponseSchema is a JSON Schema that the reply's text must obey.
	ResponseSchema *string
}

// Request is a question to a model.
type Request struct {
	// Model's name; empty takes the model of the bench.
	Model string
	// Messages are the conversation so far, oldest first, at least one.
	Messages []Message
	// Tools that the model may call. They are part of the prompt and cost tokens.
	Tools []ToolDefinition
	// Options of the chat.
	Options
}

// FinishReason says why a reply ended, as the contract spells it.
type FinishReason string

// Why replies end.
const (
	// FinishStop: the model was done.
	FinishStop FinishReason = "stop"
	// FinishLength: the limit on output tokens was reached.
	FinishLength FinishReason = "length"
	// FinishToolCalls: the model asks for tools.
	FinishToolCalls FinishReason = "tool-calls"
	// FinishContentFilter: the machine withheld the rest.
	FinishContentFilter FinishReason = "content-filter"
)

// Usage are the tokens of one chat.
type Usage struct {
	// InputTokens are those of the prompt: messages, tools and the chat template.
	InputTokens uint64
	// CachedInputTokens are those of the prompt that a cache served.
	CachedInputTokens uint64
	// OutputTokens are those of the reply.
	OutputTokens uint64
}

// Timing is where the time of one chat went: Queue + Prefill + Transfer + Decode = EndToEnd.
type Timing struct {
	// Queue is waiting for the machine.
	Queue time.Duration
	// Prefill is reading the prompt.
	Prefill time.Duration
	// Transfer moves the prompt's state from the prefill pool to the decode pool.
	Transfer time.Duration
	// Decode is writing the reply.
	Decode time.Duration
	// TimeToFirstToken is from the request to the first token.
	TimeToFirstToken time.Duration
	// EndToEnd is from the request to the last token.
	EndToEnd time.Duration
}

// Reply is a model's reply.
type Reply struct {
	// Message of the assistant.
	Message Message
	// FinishReason says why it ended.
	FinishReason FinishReason
	// Usage are its tokens.
	Usage Usage
	// Timing is where its time went.
	Timing Timing
	// Model that answered.
	Model string
	// Machine that served it.
	Machine string
}

// Text of the reply.
func (r *Reply) Text() string { return r.Message.Content }

// ToolCalls that the reply asks for.
func (r *Reply) ToolCalls() []ToolCall { return r.Message.ToolCalls }

// Piece of a streamed reply.
type Piece struct {
	// Content follows the text of the pieces before; it may be empty in the last one.
	Content string
	// OutputTokens up to the end of this piece.
	OutputTokens uint64
}

// Stream is a reply that arrives in pieces.
type Stream struct {
	host   StreamHost
	closed bool
}

// errClosed is a mistake of the program, not of the model.
var errClosed = errors.New("the stream is closed")

// Next waits for the next piece; after the last one the error is io.EOF, else a *ModelError.
func (s *Stream) Next() (*Piece, error) {
	if s.closed {
		return nil, errClosed
	}
	piece, err := s.host.Next()
	if err == nil && piece == nil {
		return nil, io.EOF
	}
	return piece, err
}

// Finish waits for the end and gives the whole reply. It may be called once.
func (s *Stream) Finish() (*Reply, error) {
	if s.closed {
		return nil, errClosed
	}
	return s.host.Finish()
}

// Close cancels the chat if it is still under way; the tokens made until then are counted.
func (s *Stream) Close() {
	if !s.closed {
		s.closed = true
		s.host.Drop()
	}
}
