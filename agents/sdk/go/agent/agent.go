// Package agent makes a function the agent of the component: it holds what the host calls.
package agent

import "timeslip"

// Function does one task. An error is the session's failure, with its text as the cause.
type Function func(session *timeslip.Session, task timeslip.Task) (answer string, err error)

var run Function

// Run makes a function the component's agent. Call it in an init function, since main is never
// called.
func Run(function Function) { run = function }
