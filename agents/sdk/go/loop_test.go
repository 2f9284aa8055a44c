package timeslip_test

import (
	"testing"
	"timeslip"
	"timeslip/timesliptest"
)

func TestLoopEndsAfterItsTurns(t *testing.T) {
	session := timesliptest.New(t)
	for range 13 {
		session.Replies = append(session.Replies, timesliptest.Calls("add", `{}`))
	}
	session.OnCall = func(string, string) (string, error) {
		return "", &timeslip.ToolError{
			Kind: timeslip.ToolFailed, Text: "no luck"}
	}
	_, err := timeslip.Loop{System: "Be brief."}.Run(session.Session, "Go on.")
	if err == nil || err.Error() != "the model still asked for tools after 12 turns" {
		t.Fatalf("got %v", err)
	}
	messages := session.Requests[11].Messages
	if len(messages) != 24 || messages[0].Role != timeslip.RoleSystem ||
		messages[3].Content != "Error: no luck" || *messages[3].ToolCallID != "call-1" {
		t.Fatalf("got %d messages: %+v", len(messages), messages)
	}
}

func TestLoopTellsWhyTheModelGaveNoReply(t *testing.T) {
	session := timesliptest.New(t)
	_, err := timeslip.Loop{}.Run(session.Session, "Go on.")
	if err == nil || err.Error() != "the model gave no reply: the test's script has no more replies" {
		t.Fatalf("got %v", err)
	}
	if len(session.Requests[0].Messages) != 1 {
		t.Fatal("without instructions there is the input alone")
	}
}
