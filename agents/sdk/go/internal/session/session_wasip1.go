// Package session asks the host for what agents and tools alike see of their session.
package session

import (
	"runtime"
	"time"
	"timeslip"
	"timeslip/internal/abi"
	"unsafe"
)

//go:wasmimport timeslip:agent/session@0.1.0 log
func log(level uint32, text unsafe.Pointer, length uint32)

//go:wasmimport timeslip:agent/session@0.1.0 [constructor]span
func newSpan(name unsafe.Pointer, length uint32) uint32

//go:wasmimport timeslip:agent/session@0.1.0 [resource-drop]span
func dropSpan(span uint32)

//go:wasmimport timeslip:agent/session@0.1.0 now
func now() uint64

//go:wasmimport timeslip:agent/session@0.1.0 [async-lower]sleep
func sleep(nanoseconds uint64) uint32

//go:wasmimport timeslip:agent/session@0.1.0 random-u64
func randomUint64() uint64

//go:wasmimport timeslip:agent/session@0.1.0 random-bytes
func randomBytes(length uint32, result unsafe.Pointer)

//go:wasmimport timeslip:agent/session@0.1.0 config
func config(key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport timeslip:agent/session@0.1.0 budget-left
func budgetLeft(result unsafe.Pointer)

// Host is the session that the component runs in.
type Host struct{}

// Log implements timeslip.CommonHost, as all that follows.
func (Host) Log(level timeslip.Level, text string) {
	log(uint32(level), abi.Text(text), uint32(len(text)))
}

// BeginSpan begins a span and gives the function that ends it.
func (Host) BeginSpan(name string) func() {
	span := newSpan(abi.Text(name), uint32(len(name)))
	return func() { dropSpan(span) }
}

// Now is the time since the session began.
func (Host) Now() time.Duration { return time.Duration(now()) }

// Sleep lets other goroutines go on.
func (Host) Sleep(duration time.Duration) { abi.Wait(sleep(uint64(max(duration, 0)))) }

// RandomUint64 draws a number.
func (Host) RandomUint64() uint64 { return randomUint64() }

// RandomBytes draws bytes.
func (Host) RandomBytes(length uint32) []byte {
	result := new(abi.List)
	randomBytes(length, unsafe.Pointer(result))
	return abi.Take[byte](*result)
}

// Config reads a value of the bench.
func (Host) Config(key string) (string, bool) {
	result := new(abi.Option[abi.List])
	config(abi.Text(key), uint32(len(key)), unsafe.Pointer(result))
	runtime.KeepAlive(key)
	value := abi.TakeOptionalString(*result)
	if value == nil {
		return "", false
	}
	return *value, true
}

type budget struct {
	time, modelCalls, toolCalls, outputTokens abi.Option[uint64]
}

// BudgetLeft reads what is left.
func (Host) BudgetLeft() timeslip.Budget {
	result := new(budget)
	budgetLeft(unsafe.Pointer(result))
	return timeslip.Budget{
		Time:         (*time.Duration)(unsafe.Pointer(result.time.Pointer())),
		ModelCalls:   result.modelCalls.Pointer(),
		ToolCalls:    result.toolCalls.Pointer(),
		OutputTokens: result.outputTokens.Pointer(),
	}
}
