package tool

import (
	"errors"
	"slices"
	"timeslip"
	"timeslip/internal/abi"
	"timeslip/internal/session"
	"unsafe"
)

// definitions and outcome are where the host reads what an export gave; the memories keep alive
// what they point to until the next call.
var (
	definitions       abi.List
	definitionsMemory abi.Memory
	outcome           bytesResult
	outcomeMemory     abi.Memory
)

//go:wasmexport timeslip:tool/plugin@0.1.0#definitions
func exportDefinitions() unsafe.Pointer {
	var offered []timeslip.ToolDefinition
	for _, tool := range served {
		offered = append(offered, tool.Definition)
	}
	definitions = session.LowerTools(&definitionsMemory, offered)
	return unsafe.Pointer(&definitions)
}

//go:wasmexport timeslip:tool/plugin@0.1.0#call
func exportCall(name, nameLength, arguments, argumentsLength uint32) unsafe.Pointer {
	defer session.Crash(session.Host{})
	called := abi.TakeString(abi.List{Data: name, Length: nameLength})
	given := abi.TakeString(abi.List{Data: arguments, Length: argumentsLength})
	output, err := Answer(served, called, NewCall(host{}, given))
	outcome, outcomeMemory = bytesResult{}, abi.Memory{}
	var toolError *timeslip.ToolError
	if errors.As(err, &toolError) {
		tag := slices.Index(timeslip.ToolErrorKinds, toolError.Kind)
		outcome.failed = 1
		outcome.value = abi.Case{Tag: uint8(tag), Text: outcomeMemory.String(toolError.Text)}
	} else {
		*(*abi.List)(unsafe.Pointer(&outcome.value)) = outcomeMemory.String(output)
	}
	return unsafe.Pointer(&outcome)
}
