package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"timeslip"
)

func plainReply(s *timeslip.Session) (string, error) { return text(ask(s, "Say hello.")) }

func options(s *timeslip.Session) (string, error) {
	reply, err := s.Chat(timeslip.Request{
		Messages: []timeslip.Message{
			timeslip.System("Be brief."), timeslip.User("Name a colour."),
		},
		Options: timeslip.Options{
			MaxOutputTokens: new(uint32(16)),
			Temperature:     new(0.5),
			TopP:            new(0.9),
			Seed:            new(uint64(7)),
			Stop:            []string{"\n"},
			ToolChoice:      timeslip.ToolChoice{Kind: timeslip.ToolNone},
		},
	})
	if err != nil {
		return "", err
	}
	usage := reply.Usage
	return fmt.Sprintf("%s %s %d/%d", reply.Text(), reply.FinishReason, usage.InputTokens,
		usage.OutputTokens), nil
}

func streaming(s *timeslip.Session) (string, error) {
	stream := s.Stream(timeslip.Request{
		Messages: []timeslip.Message{timeslip.User("Count to five.")},
	})
	defer stream.Close()
	var joined strings.Builder
	pieces := 0
	for {
		piece, err := stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", err
		}
		joined.WriteString(piece.Content)
		pieces++
	}
	reply, err := stream.Finish()
	if err != nil {
		return "", err
	}
	if joined.String() != reply.Text() {
		return "", errors.New("the pieces are not the reply")
	}
	return fmt.Sprintf("%d pieces: %s", pieces, joined.String()), nil
}

func cancellation(s *timeslip.Session) (string, error) {
	stream := s.Stream(timeslip.Request{
		Messages: []timeslip.Message{timeslip.User("Write a long poem.")},
	})
	for range 2 {
		if _, err := stream.Next(); err != nil {
			return "", err
		}
	}
	stream.Close()
	s.Sleep(10 * time.Millisecond)
	return "cancelled", nil
}

func parallelCalls(s *timeslip.Session) (string, error) {
	var answers [5]string
	var mistakes [5]error
	var chats, calls sync.WaitGroup
	for i := range 3 {
		chats.Go(func() { answers[i], mistakes[i] = text(ask(s, fmt.Sprintf("Branch %d.", i+1))) })
	}
	chats.Wait()
	for i, arguments := range []string{`{"milliseconds":200}`, `{"milliseconds":100}`} {
		calls.Go(func() { answers[3+i], mistakes[3+i] = s.CallTool("wait", arguments) })
	}
	calls.Wait()
	return strings.Join(answers[:], " | "), errors.Join(mistakes[:]...)
}

// modelKind is the kind of an error that a chat must give.
func modelKind(_ *timeslip.Reply, err error) string {
	var modelError *timeslip.ModelError
	if errors.As(err, &modelError) {
		return string(modelError.Kind)
	}
	return "no error"
}

func modelError(s *timeslip.Session) (string, error) {
	greeting := []timeslip.Message{timeslip.User("Hi.")}
	missing := timeslip.ToolChoice{Kind: timeslip.ToolNamed, Name: "missing"}
	kinds := []string{
		modelKind(s.Chat(timeslip.Request{})),
		modelKind(s.Chat(timeslip.Request{
			Messages: greeting, Options: timeslip.Options{TopP: new(2.0)},
		})),
		modelKind(s.Chat(timeslip.Request{
			Messages: greeting, Options: timeslip.Options{ToolChoice: missing},
		})),
	}
	return strings.Join(kinds, ", "), nil
}

func refusedGrant(s *timeslip.Session) (string, error) {
	return modelKind(s.Chat(timeslip.Request{
		Model: "another-model", Messages: []timeslip.Message{timeslip.User("Hi.")},
	})), nil
}

func budgetExhausted(s *timeslip.Session) (string, error) {
	for replies := 0; ; replies++ {
		if reply, err := ask(s, "Again."); err != nil {
			return fmt.Sprintf("%d replies, then %s", replies, modelKind(reply, err)), nil
		}
	}
}

func unicode(s *timeslip.Session) (string, error) {
	return text(ask(s, "żółć 🦀 👩\u200d👧 𝕏 ﷽ \x00 end"))
}

func largePrompt(s *timeslip.Session) (string, error) {
	reply, err := ask(s, strings.Repeat("0123456789abcde ", 65_536))
	if err != nil {
		return modelKind(reply, err), nil
	}
	return reply.Text(), nil
}
