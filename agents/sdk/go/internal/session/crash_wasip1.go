package session

import (
	"fmt"
	"runtime/debug"
	"timeslip"
)

// Crash writes a panic to the journal and traps: it is a defect of the program. Defer it.
func Crash(host Host) {
	if defect := recover(); defect != nil {
		host.Log(timeslip.Error, fmt.Sprintf("panic: %v\n\n%s", defect, debug.Stack()))
		trap()
	}
}

// trap ends the component as a crash of any language does; os.Exit would say that it ended by
// itself.
func trap()
