// An agent: it answers the task's input with the help of the session's tools.
package main

import (
	"fmt"
	"timeslip"
	"timeslip/agent"
)

func init() { agent.Run(run) }

func main() {}

const instructions = "Answer in one sentence. Use the tools where they help."

func run(s *timeslip.Session, task timeslip.Task) (string, error) {
	answer, err := timeslip.Loop{System: instructions}.Run(s, task.Input)
	if err != nil {
		return "", err
	}
	s.Log(timeslip.Info, fmt.Sprintf("answered after %v", s.Now()))
	return answer, nil
}
