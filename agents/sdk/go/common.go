package timeslip

import "time"

// Level says how much a line of the journal matters.
type Level uint8

// The levels of the journal.
const (
	// Debug lines are for the author of the component.
	Debug Level = iota
	// Info lines are for everybody.
	Info
	// Warn lines say that something is odd.
	Warn
	// Error lines say that something failed.
	Error
)

// Budget is what is left of a session's budgets; nil is unlimited.
type Budget struct {
	// Time until the session's deadline.
	Time *time.Duration
	// ModelCalls are calls of models.
	ModelCalls *uint64
	// ToolCalls are calls of tools.
	ToolCalls *uint64
	// OutputTokens are those of all chats together.
	OutputTokens *uint64
}

// CommonHost is what a host offers to agents and tools alike.
type CommonHost interface {
	Log(level Level, text string)
	BeginSpan(name string) (end func())
	Now() time.Duration
	Sleep(duration time.Duration)
	RandomUint64() uint64
	RandomBytes(length uint32) []byte
	Config(key string) (string, bool)
	BudgetLeft() Budget
}

// Common is what agents and tools alike see of their session.
type Common struct {
	host CommonHost
}

// NewCommon makes the part of a session that agents and tools share.
func NewCommon(host CommonHost) Common { return Common{host} }

// Log writes a line to the session's journal.
func (c Common) Log(level Level, text string) { c.host.Log(level, text) }

// Span begins a named part of the session's work, for timelines, and gives the function that ends
// it: defer s.Span("search")().
func (c Common) Span(name string) (end func()) { return c.host.BeginSpan(name) }

// Now is the time since the session began.
func (c Common) Now() time.Duration { return c.host.Now() }

// Sleep waits on the session's clock. Other goroutines go on, which time.Sleep does not promise.
func (c Common) Sleep(duration time.Duration) { c.host.Sleep(duration) }

// RandomUint64 draws a number from the session's seed.
func (c Common) RandomUint64() uint64 { return c.host.RandomUint64() }

// RandomBytes draws bytes from the session's seed, at most 65,536.
func (c Common) RandomBytes(length uint32) []byte { return c.host.RandomBytes(length) }

// Config gives the value that the bench configures under this key, if it does.
func (c Common) Config(key string) (string, bool) { return c.host.Config(key) }

// BudgetLeft is what is left of the session's budgets now.
func (c Common) BudgetLeft() Budget { return c.host.BudgetLeft() }
