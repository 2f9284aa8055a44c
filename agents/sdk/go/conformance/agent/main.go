// The conformance agent: the first word of the task's input names what it does. Every language's
// SDK has the same agent, with the same texts.
package main

import (
	"fmt"
	"strings"
	"timeslip"
	"timeslip/agent"
)

func init() { agent.Run(run) }

func main() {}

var behaviours = map[string]func(*timeslip.Session) (string, error){
	"plain-reply":      plainReply,
	"options":          options,
	"streaming":        streaming,
	"cancellation":     cancellation,
	"parallel-calls":   parallelCalls,
	"tool-loop":        toolLoop,
	"tool-error":       toolError,
	"model-error":      modelError,
	"refused-grant":    refusedGrant,
	"budget-exhausted": budgetExhausted,
	"turn-limit":       turnLimit,
	"user-question":    userQuestion,
	"unicode":          unicode,
	"large-prompt":     largePrompt,
	"deep-json":        deepJSON,
	"sleep-and-clock":  sleepAndClock,
	"random":           random,
	"journal":          journal,
	"config":           config,
	"budget-left":      budgetLeft,
	"failure":          failure,
	"panic":            crash,
	"out-of-memory":    outOfMemory,
	"out-of-fuel":      outOfFuel,
}

func run(s *timeslip.Session, task timeslip.Task) (string, error) {
	word, _, _ := strings.Cut(task.Input, " ")
	behaviour, known := behaviours[word]
	if !known {
		return "", fmt.Errorf("no behaviour is called %q", word)
	}
	return behaviour(s)
}

// ask asks with one message of the user.
func ask(s *timeslip.Session, content string) (*timeslip.Reply, error) {
	return s.Chat(timeslip.Request{Messages: []timeslip.Message{timeslip.User(content)}})
}

// text of a reply, or the error.
func text(reply *timeslip.Reply, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return reply.Text(), nil
}
