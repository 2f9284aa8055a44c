package timeslip

import (
	"errors"
	"fmt"
	"sync"
)

// defaultMaxTurns ends a loop that goes round in circles.
const defaultMaxTurns = 12

// Loop is the plain tool-calling loop: ask the model, call every tool that it asks for, give it the
// outputs, until it answers with text alone.
type Loop struct {
	// System is the message of instructions; empty for none.
	System string
	// Tools to offer; nil for all of the session's.
	Tools []ToolDefinition
	// MaxTurns before the loop gives up; 0 for 12.
	MaxTurns int
	// Model's name and options of every chat.
	Model string
	// Options of every chat.
	Options Options
}

// Run answers an input.
func (l Loop) Run(s *Session, input string) (string, error) {
	var messages []Message
	if l.System != "" {
		messages = append(messages, System(l.System))
	}
	messages = append(messages, User(input))
	if l.Tools == nil {
		l.Tools = s.ListTools()
	}
	if l.MaxTurns == 0 {
		l.MaxTurns = defaultMaxTurns
	}
	for turn := 1; turn <= l.MaxTurns; turn++ {
		more, err := l.turn(s, turn, messages)
		if err != nil {
			return "", err
		}
		if len(more) == 1 && len(more[0].ToolCalls) == 0 {
			return more[0].Content, nil
		}
		messages = append(messages, more...)
	}
	return "", fmt.Errorf("the model still asked for tools after %d turns", l.MaxTurns)
}

// turn asks the model once and calls the tools that it asks for, all at once.
func (l Loop) turn(s *Session, turn int, messages []Message) ([]Message, error) {
	defer s.Span(fmt.Sprintf("turn %d", turn))()
	request := Request{Model: l.Model, Messages: messages, Tools: l.Tools, Options: l.Options}
	reply, err := s.Chat(request)
	var modelError *ModelError
	if errors.As(err, &modelError) {
		return nil, fmt.Errorf("the model gave no reply: %s", modelError.Text)
	}
	if err != nil {
		return nil, err
	}
	calls := reply.ToolCalls()
	more := make([]Message, 1+len(calls))
	more[0] = reply.Message
	var group sync.WaitGroup
	for i, call := range calls {
		group.Go(func() { more[i+1] = s.output(call) })
	}
	group.Wait()
	return more, nil
}

// output calls a tool. The model sees an error as the tool's output, to try another way.
func (s *Session) output(call ToolCall) Message {
	output, err := s.CallTool(call.Name, call.Arguments)
	if err != nil {
		text := err.Error()
		var toolError *ToolError
		if errors.As(err, &toolError) {
			text = toolError.Text
		}
		output = "Error: " + text
	}
	return ToolOutput(call.ID, output)
}
