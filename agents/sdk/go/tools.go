package timeslip

// ToolDefinition is a tool as it is offered to a model.
type ToolDefinition struct {
	// Name, unique in a session.
	Name string
	// Description of what the tool does, for the model to read.
	Description string
	// InputSchema is the JSON Schema of the arguments.
	InputSchema string
	// OutputSchema is the JSON Schema of the output, if it has one.
	OutputSchema *string
	// Annotations are hints about the tool's behaviour.
	Annotations Annotations
}

// Annotations are what a tool says of its own behaviour.
type Annotations struct {
	// ReadOnly tools change nothing.
	ReadOnly bool
	// Destructive tools may destroy or overwrite something.
	Destructive bool
	// Idempotent tools have no further effect when they are called twice with the same arguments.
	Idempotent bool
	// OpenWorld tools reach beyond the session: the network, other services, people.
	OpenWorld bool
}
