package session

import (
	"fmt"
	"os"
	"runtime/debug"
	"timeslip"
)

// Crash writes a panic to the journal and traps: it is a defect of the program. Defer it.
func Crash(host Host) {
	if defect := recover(); defect != nil {
		host.Log(timeslip.Error, fmt.Sprintf("panic: %v\n\n%s", defect, debug.Stack()))
		os.Exit(2)
	}
}
