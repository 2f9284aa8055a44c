package main

import (
	"errors"
	"strings"
	"timeslip"
)

func toolLoop(s *timeslip.Session) (string, error) {
	return timeslip.Loop{System: "Use the tools."}.Run(s, "Add 2 and 3, and greet Ada.")
}

func turnLimit(s *timeslip.Session) (string, error) {
	return timeslip.Loop{System: "Never stop.", MaxTurns: 3}.Run(s, "Go on.")
}

func toolError(s *timeslip.Session) (string, error) {
	calls := [][2]string{
		{"add", `{"a":"x","b":1}`},
		{"add", `{`},
		{"fail", `{"message":"no luck"}`},
		{"nope", `{}`},
		{"greet", `{"name":"Ada","excited":true}`},
	}
	var answers []string
	for _, call := range calls {
		output, err := s.CallTool(call[0], call[1])
		var toolError *timeslip.ToolError
		if errors.As(err, &toolError) {
			output = string(toolError.Kind)
		}
		answers = append(answers, output)
	}
	return strings.Join(answers, ", "), nil
}

func deepJSON(s *timeslip.Session) (string, error) {
	const depth = 100
	nested := strings.Repeat("[", depth) + "1" + strings.Repeat("]", depth)
	arguments := `{"value":` + nested + `}`
	output, err := s.CallTool("echo", arguments)
	if err == nil && output != arguments {
		err = errors.New("the output is not the arguments")
	}
	return output, err
}

func userQuestion(s *timeslip.Session) (string, error) {
	name, err := s.AskUser("What is your name?")
	return "Hello, " + name + ".", err
}
