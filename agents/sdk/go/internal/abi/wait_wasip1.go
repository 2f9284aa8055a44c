package abi

import (
	"runtime"
	"unsafe"
)

//go:wasmimport $root [waitable-set-new]
func waitableSetNew() uint32

//go:wasmimport $root [waitable-join]
func waitableJoin(waitable, set uint32)

//go:wasmimport $root [waitable-set-wait]
func waitableSetWait(set uint32, event unsafe.Pointer) uint32

//go:wasmimport $root [subtask-drop]
func subtaskDrop(subtask uint32)

const (
	subtaskReturned = 2
	subtaskEvent    = 1
)

var (
	waiting  = map[uint32]chan struct{}{}
	set      uint32
	watching bool
	event    [2]uint32
)

// Wait waits for a host call that was lowered async, given what the call returned. Other goroutines
// go on meanwhile, so that calls of several goroutines overlap.
func Wait(status uint32) {
	if status&0xf == subtaskReturned {
		return
	}
	if set == 0 {
		set = waitableSetNew()
	}
	done := make(chan struct{})
	waiting[status>>4] = done
	waitableJoin(status>>4, set)
	if !watching {
		watching = true
		go watch()
	}
	<-done
}

// watch waits for the host whenever every other goroutine waits too, until no call is under way.
func watch() {
	for len(waiting) > 0 {
		yieldToAll()
		code := waitableSetWait(set, unsafe.Pointer(&event))
		if code == subtaskEvent && event[1] == subtaskReturned {
			finish(event[0])
		}
	}
	watching = false
}

func finish(subtask uint32) {
	waitableJoin(subtask, 0)
	subtaskDrop(subtask)
	close(waiting[subtask])
	delete(waiting, subtask)
}

// yieldToAll lets every goroutine that can run do so until it waits. A goroutine that yields comes
// after all those that are ready, except that the scheduler takes it early at every 61st choice.
func yieldToAll() {
	for range 2 + runtime.NumGoroutine()/30 {
		runtime.Gosched()
	}
}
