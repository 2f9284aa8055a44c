// Package tool is what a tool plugin in Go is written with: functions become tools, and the types
// of their arguments and results become JSON Schemas.
//
//	func init() {
//		tool.Serve(tool.New("add", "Adds two whole numbers.", tool.Pure, add))
//	}
//	func main() {}
//
//	type numbers struct {
//		A int `json:"a" description:"The first number."`
//		B int `json:"b" default:"1"`
//	}
//	type sum struct {
//		Sum int `json:"sum"`
//	}
//
//	func add(_ *tool.Call, n numbers) (sum, error) { return sum{n.A + n.B}, nil }
//
// Fields are named by their json tags. The tags description, default (a JSON value) and enum
// (values between commas) go into the schema. A field with a default, a pointer, or one whose json
// tag says omitempty may be left out. Types: strings, whole numbers, floats, bool, slices, maps
// with string keys, structs, and json.RawMessage for any JSON.
package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"timeslip"
)

// Pure are the annotations of a tool that changes nothing and depends on nothing outside.
var Pure = timeslip.Annotations{ReadOnly: true, Idempotent: true}

// Tool is a function that models can call.
type Tool struct {
	// Definition is what models are offered.
	Definition timeslip.ToolDefinition
	invoke     func(call *Call) (string, error)
}

// New makes a tool of a function. Its arguments are a struct. A string that it returns is the
// output as it is; anything else is written as JSON, and its type becomes the output's schema, but
// for json.RawMessage. An error that is no *timeslip.ToolError becomes one of the kind failed.
//
// It panics when a type has no JSON Schema: a defect of the program, seen in its first test.
func New[A, R any](name, description string, annotations timeslip.Annotations,
	function func(call *Call, arguments A) (R, error)) Tool {
	definition := timeslip.ToolDefinition{
		Name:        name,
		Description: description,
		InputSchema: schemaOf(reflect.TypeFor[A]()),
		Annotations: annotations,
	}
	result := reflect.TypeFor[R]()
	if result.Kind() != reflect.String && result != rawMessage {
		output := schemaOf(result)
		definition.OutputSchema = &output
	}
	return Tool{definition, func(call *Call) (string, error) {
		var arguments A
		if err := decode(call.arguments, &arguments); err != nil {
			return "", &timeslip.ToolError{Kind: timeslip.ToolInvalidArguments, Text: err.Error()}
		}
		value, err := function(call, arguments)
		if err != nil {
			return "", asToolError(err)
		}
		return encode(value)
	}}
}

// Call is one call of a tool: the session as the tool sees it, with files and HTTP.
type Call struct {
	timeslip.Common
	host      Host
	arguments string
}

// NewCall makes the call of a host. The component's exports call it, and so do tests.
func NewCall(host Host, arguments string) *Call {
	return &Call{timeslip.NewCommon(host), host, arguments}
}

// Arguments of the call, as the model wrote them.
func (c *Call) Arguments() string { return c.arguments }

// Host is what a call asks.
type Host interface {
	timeslip.CommonHost
	FileHost
	Fetch(request HTTPRequest) (*HTTPResponse, error)
}

var served []Tool

// Serve makes tools the component's, in this order. Call it in an init function, since main is
// never called.
func Serve(tools ...Tool) { served = tools }

// Answer calls one of several tools by its name.
func Answer(tools []Tool, name string, call *Call) (string, error) {
	for _, tool := range tools {
		if tool.Definition.Name == name {
			return tool.invoke(call)
		}
	}
	text := fmt.Sprintf("the plugin has no tool %q", name)
	return "", &timeslip.ToolError{Kind: timeslip.ToolUnknown, Text: text}
}

func asToolError(err error) error {
	var toolError *timeslip.ToolError
	if errors.As(err, &toolError) {
		return toolError
	}
	return &timeslip.ToolError{Kind: timeslip.ToolFailed, Text: err.Error()}
}

func encode(value any) (string, error) {
	if text := reflect.ValueOf(value); text.Kind() == reflect.String {
		return text.String(), nil
	}
	output, err := json.Marshal(value)
	if err != nil {
		return "", asToolError(err)
	}
	return string(output), nil
}
