package timeslip

// ModelErrorKind is a kind of ModelError, as the contract spells it.
type ModelErrorKind string

// Why a chat gives no reply.
const (
	// ModelRefused: the session has no grant for this model.
	ModelRefused ModelErrorKind = "refused"
	// ModelUnknown: no machine of this run serves the model.
	ModelUnknown ModelErrorKind = "unknown-model"
	// ModelContextTooLong: the prompt and the reply do not fit.
	ModelContextTooLong ModelErrorKind = "context-too-long"
	// ModelOverBudget: the session's budget is used up.
	ModelOverBudget ModelErrorKind = "over-budget"
	// ModelInvalidRequest: the request breaks a rule of the contract.
	ModelInvalidRequest ModelErrorKind = "invalid-request"
	// ModelUnavailable: the machine failed or is overloaded; trying again later may help.
	ModelUnavailable ModelErrorKind = "unavailable"
)

// ModelErrorKinds in the contract's order.
var ModelErrorKinds = []ModelErrorKind{
	ModelRefused, ModelUnknown, ModelContextTooLong, ModelOverBudget, ModelInvalidRequest,
	ModelUnavailable,
}

// ModelError is why a chat gave no reply.
type ModelError struct {
	// Kind of the error.
	Kind ModelErrorKind
	// Text for a person to read.
	Text string
}

func (e *ModelError) Error() string { return string(e.Kind) + ": " + e.Text }

// ToolErrorKind is a kind of ToolError, as the contract spells it.
type ToolErrorKind string

// Why a tool call gives no output.
const (
	// ToolUnknown: no tool of the session has this name.
	ToolUnknown ToolErrorKind = "unknown-tool"
	// ToolRefused: the session has no grant for it.
	ToolRefused ToolErrorKind = "refused"
	// ToolInvalidArguments: the tool does not accept the arguments.
	ToolInvalidArguments ToolErrorKind = "invalid-arguments"
	// ToolFailed: the tool tried and failed.
	ToolFailed ToolErrorKind = "failed"
	// ToolInvalidOutput: the plugin broke one of the host's rules.
	ToolInvalidOutput ToolErrorKind = "invalid-output"
	// ToolCrashed: the plugin crashed, or used up its fuel or memory.
	ToolCrashed ToolErrorKind = "crashed"
	// ToolOverBudget: the session's budget is used up.
	ToolOverBudget ToolErrorKind = "over-budget"
)

// ToolErrorKinds in the contract's order.
var ToolErrorKinds = []ToolErrorKind{
	ToolUnknown, ToolRefused, ToolInvalidArguments, ToolFailed, ToolInvalidOutput, ToolCrashed,
	ToolOverBudget,
}

// ToolError is why a tool call gave no output. A tool returns one to choose its kind.
type ToolError struct {
	// Kind of the error.
	Kind ToolErrorKind
	// Text for a model or a person to read.
	Text string
}

func (e *ToolError) Error() string { return string(e.Kind) + ": " + e.Text }

// UserErrorKind is a kind of UserError, as the contract spells it.
type UserErrorKind string

// Why a question to the user gives no answer.
const (
	// UserNobody: the bench gives no user's words.
	UserNobody UserErrorKind = "nobody"
	// UserGone: the user has left the conversation.
	UserGone UserErrorKind = "gone"
)

// UserErrorKinds in the contract's order.
var UserErrorKinds = []UserErrorKind{UserNobody, UserGone}

// UserError is why a question to the user gave no answer.
type UserError struct {
	// Kind of the error.
	Kind UserErrorKind
	// Text for a person to read.
	Text string
}

func (e *UserError) Error() string { return string(e.Kind) + ": " + e.Text }
