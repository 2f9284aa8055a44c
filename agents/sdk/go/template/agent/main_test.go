package main

import (
	"testing"
	"timeslip"
	"timeslip/timesliptest"
)

func TestAnswersWithWhatTheToolGives(t *testing.T) {
	session := timesliptest.New(t)
	session.Replies = []timeslip.Message{
		timesliptest.Calls("add", `{"a":2,"b":3}`), timesliptest.Says("It is 5."),
	}
	session.OnCall = func(name, arguments string) (string, error) { return `{"sum":5}`, nil }
	answer, err := run(session.Session, timeslip.Task{Input: "What is 2 + 3?"})
	if err != nil || answer != "It is 5." {
		t.Fatalf("got %q, %v", answer, err)
	}
	last := session.Requests[1].Messages
	if output := last[len(last)-1]; output.Content != `{"sum":5}` {
		t.Fatalf("the model heard %q from the tool", output.Content)
	}
}

func TestFailsWhenTheModelGivesNoReply(t *testing.T) {
	session := timesliptest.New(t)
	if answer, err := run(session.Session, timeslip.Task{Input: "What is 2 + 3?"}); err == nil {
		t.Fatalf("answered %q", answer)
	}
}
