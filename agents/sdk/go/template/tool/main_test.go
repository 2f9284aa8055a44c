package main

import (
	"strings"
	"testing"
	"timeslip/timesliptest"
)

func TestCountsWords(t *testing.T) {
	arguments := `{"text":"to be or not to be"}`
	output, err := timesliptest.NewPlugin(t).Call(tools, "count_words", arguments)
	if err != nil || output != `{"words":6}` {
		t.Fatalf("got %q, %v", output, err)
	}
}

func TestCountsLongWordsOnly(t *testing.T) {
	arguments := `{"text":"to be or not to be","longer_than":2}`
	output, err := timesliptest.NewPlugin(t).Call(tools, "count_words", arguments)
	if err != nil || output != `{"words":1}` {
		t.Fatalf("got %q, %v", output, err)
	}
}

func TestNamesTheArgumentThatIsWrong(t *testing.T) {
	_, err := timesliptest.NewPlugin(t).Call(tools, "count_words", `{"text":7}`)
	if err == nil || !strings.Contains(err.Error(), `"text"`) {
		t.Fatalf("got %v", err)
	}
}
