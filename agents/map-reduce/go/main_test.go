package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"timeslip"
	"timeslip/timesliptest"
)

// library scripts a session with so many documents; every reply of the model says its number.
func library(t *testing.T, documents int) *timesliptest.Session {
	session := timesliptest.New(t)
	names := []string{}
	for i := range documents {
		names = append(names, fmt.Sprintf("%02d.txt", i))
		session.Replies = append(session.Replies, timesliptest.Says(fmt.Sprintf("summary %d", i)))
	}
	session.Replies = append(session.Replies, timesliptest.Says("joined 1"),
		timesliptest.Says("joined 2"), timesliptest.Says("the answer"))
	session.OnCall = func(name, arguments string) (string, error) {
		if name == "list_documents" {
			listing, err := json.Marshal(map[string][]string{"documents": names})
			return string(listing), err
		}
		return "contents for " + arguments, nil
	}
	session.Settings = map[string]string{"at_once": "1", "group": "3"}
	return session
}

func TestSummariesAreJoinedUntilFewAreLeft(t *testing.T) {
	session := library(t, 5)
	answer, err := run(session.Session, timeslip.Task{Input: "What happened?"})
	if err != nil || answer != "the answer" {
		t.Fatalf("got %q, %v", answer, err)
	}
	if len(session.Requests) != 5+2+1 {
		t.Fatalf("asked %d times", len(session.Requests))
	}
	prompt := func(number int) string { return session.Requests[number].Messages[1].Content }
	for number, wanted := range map[int]string{
		0: "Summarise the document 00.txt in one sentence:\n\ncontents for {\"name\":\"00.txt\"}",
		6: "Join these summaries into one:\n\n- summary 3\n- summary 4",
		7: "What happened?\n\nAnswer from these summaries:\n\n- joined 1\n- joined 2",
	} {
		if prompt(number) != wanted {
			t.Errorf("request %d says %q", number, prompt(number))
		}
	}
}

func TestFailureEndsTheWork(t *testing.T) {
	session := library(t, 5)
	session.Replies = session.Replies[:2]
	_, err := run(session.Session, timeslip.Task{Input: "What happened?"})
	if err == nil || len(session.Requests) != 3 {
		t.Fatalf("got %v after %d requests", err, len(session.Requests))
	}
}

func TestWrongSettingIsNamed(t *testing.T) {
	session := library(t, 1)
	session.Settings["group"] = "1"
	_, err := run(session.Session, timeslip.Task{})
	const wanted = "group must be a whole number of at least 2, not 1"
	if err == nil || !strings.Contains(err.Error(), wanted) {
		t.Fatalf("got %v", err)
	}
}
