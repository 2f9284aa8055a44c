package agent

import (
	"runtime"
	"timeslip"
	"timeslip/internal/abi"
	"timeslip/internal/session"
	"unsafe"
)

//go:wasmimport timeslip:agent/model@0.1.0 [async-lower]chat
func chat(request, result unsafe.Pointer) uint32

//go:wasmimport timeslip:agent/model@0.1.0 [constructor]chat-stream
func newStream(request unsafe.Pointer) uint32

//go:wasmimport timeslip:agent/model@0.1.0 [async-lower][method]chat-stream.next
func nextPiece(stream uint32, result unsafe.Pointer) uint32

//go:wasmimport timeslip:agent/model@0.1.0 [async-lower][method]chat-stream.finish
func finishStream(stream uint32, result unsafe.Pointer) uint32

//go:wasmimport timeslip:agent/model@0.1.0 [resource-drop]chat-stream
func dropStream(stream uint32)

//go:wasmimport timeslip:agent/tools@0.1.0 list
func listTools(result unsafe.Pointer)

//go:wasmimport timeslip:agent/tools@0.1.0 [async-lower]call
func callTool(name unsafe.Pointer, nameLength uint32, arguments unsafe.Pointer, argumentsLength uint32, result unsafe.Pointer) uint32

//go:wasmimport timeslip:agent/user@0.1.0 [async-lower]ask
func askUser(text unsafe.Pointer, length uint32, result unsafe.Pointer) uint32

// host is the session that the agent runs in.
type host struct{ session.Host }

// Chat implements timeslip.Host, as all that follows.
func (host) Chat(request timeslip.Request) (*timeslip.Reply, error) {
	memory, result := new(abi.Memory), new(replyResult)
	record := lowerRequest(memory, request)
	abi.Wait(chat(unsafe.Pointer(record), unsafe.Pointer(result)))
	runtime.KeepAlive(memory)
	runtime.KeepAlive(record)
	return result.lift()
}

// Stream sends the request at once.
func (host) Stream(request timeslip.Request) timeslip.StreamHost {
	memory := new(abi.Memory)
	record := lowerRequest(memory, request)
	handle := newStream(unsafe.Pointer(record))
	runtime.KeepAlive(memory)
	return stream(handle)
}

type stream uint32

func (s stream) Next() (*timeslip.Piece, error) {
	result := new(pieceResult)
	abi.Wait(nextPiece(uint32(s), unsafe.Pointer(result)))
	return result.lift()
}

func (s stream) Finish() (*timeslip.Reply, error) {
	result := new(replyResult)
	abi.Wait(finishStream(uint32(s), unsafe.Pointer(result)))
	return result.lift()
}

func (s stream) Drop() { dropStream(uint32(s)) }

// ListTools takes no time.
func (host) ListTools() []timeslip.ToolDefinition {
	result := new(abi.List)
	listTools(unsafe.Pointer(result))
	return session.LiftTools(*result)
}

// CallTool waits for the output.
func (host) CallTool(name, arguments string) (string, error) {
	result := new(textResult)
	abi.Wait(callTool(abi.Text(name), uint32(len(name)), abi.Text(arguments), uint32(len(arguments)),
		unsafe.Pointer(result)))
	runtime.KeepAlive(name)
	runtime.KeepAlive(arguments)
	if result.failed != 0 {
		kind := timeslip.ToolErrorKinds[result.value.Tag]
		return "", &timeslip.ToolError{Kind: kind, Text: abi.TakeString(result.value.Text)}
	}
	return result.text(), nil
}

// AskUser waits for the answer.
func (host) AskUser(text string) (string, error) {
	result := new(textResult)
	abi.Wait(askUser(abi.Text(text), uint32(len(text)), unsafe.Pointer(result)))
	runtime.KeepAlive(text)
	if result.failed != 0 {
		kind := timeslip.UserErrorKinds[result.value.Tag]
		return "", &timeslip.UserError{Kind: kind, Text: abi.TakeString(result.value.Text)}
	}
	return result.text(), nil
}
