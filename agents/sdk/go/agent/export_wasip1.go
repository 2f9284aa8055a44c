package agent

import (
	"timeslip"
	"timeslip/internal/abi"
	"timeslip/internal/session"
	"unsafe"
)

// outcome is a result of two texts.
var outcome struct {
	failed uint8
	text   abi.List
}

// outcomeText keeps the outcome's text alive until the host has read it.
var outcomeText abi.Memory

//go:wasmexport run
func export(name, nameLength, input, inputLength uint32) unsafe.Pointer {
	task := timeslip.Task{
		Name:  abi.TakeString(abi.List{Data: name, Length: nameLength}),
		Input: abi.TakeString(abi.List{Data: input, Length: inputLength}),
	}
	defer session.Crash(session.Host{})
	text, err := run(timeslip.NewSession(host{}), task)
	outcome.failed = abi.Bool(err != nil)
	if err != nil {
		text = err.Error()
	}
	outcome.text = outcomeText.String(text)
	return unsafe.Pointer(&outcome)
}
