// The conformance tool plugin, whose definitions are the same in every language.
package main

import (
	"encoding/json"
	"errors"
	"time"
	"timeslip"
	"timeslip/tool"
)

func init() {
	reading := timeslip.Annotations{Idempotent: true, ReadOnly: true}
	badOutput := tool.New("bad_output", "Gives an output that breaks its schema.", reading, badOutput)
	adding := tool.New("add", "Adds two whole numbers.", reading, add)
	badOutput.Definition.OutputSchema = adding.Definition.OutputSchema
	tool.Serve(
		adding,
		tool.New("greet", "Greets somebody.", reading, greet),
		tool.New("fail", "Fails with a message.", reading, fail),
		tool.New("wait", "Waits.", reading, wait),
		tool.New("echo", "Gives its value back.", reading, echo),
		tool.New("crash", "Crashes.", reading, crash),
		badOutput,
		tool.New("read", "Reads a granted file.", reading, read),
	)
}

func main() {}

type addArguments struct {
	A int64 `json:"a"`
	B int64 `json:"b"`
}

type sum struct {
	Sum int64 `json:"sum"`
}

func add(_ *tool.Call, arguments addArguments) (sum, error) {
	return sum{arguments.A + arguments.B}, nil
}

type greetArguments struct {
	Name    string `json:"name"`
	Excited bool   `json:"excited" default:"false"`
}

func greet(_ *tool.Call, arguments greetArguments) (string, error) {
	if arguments.Excited {
		return "Hello, " + arguments.Name + "!", nil
	}
	return "Hello, " + arguments.Name + ".", nil
}

type failArguments struct {
	Message string `json:"message"`
}

func fail(_ *tool.Call, arguments failArguments) (string, error) {
	return "", errors.New(arguments.Message)
}

type waitArguments struct {
	Milliseconds int64 `json:"milliseconds"`
}

type waited struct {
	Waited int64 `json:"waited"`
}

func wait(call *tool.Call, arguments waitArguments) (waited, error) {
	call.Sleep(time.Duration(arguments.Milliseconds) * time.Millisecond)
	return waited{arguments.Milliseconds}, nil
}

type echoArguments struct {
	Value json.RawMessage `json:"value"`
}

func echo(call *tool.Call, _ echoArguments) (string, error) { return call.Arguments(), nil }

type nothing struct{}

func crash(*tool.Call, nothing) (string, error) { panic("a defect") }

func badOutput(*tool.Call, nothing) (json.RawMessage, error) {
	return json.RawMessage(`{"sum":"x"}`), nil
}

type readArguments struct {
	Path string `json:"path"`
}

func read(call *tool.Call, arguments readArguments) (string, error) {
	contents, err := call.ReadFile(arguments.Path)
	var fileError *tool.FileError
	if errors.As(err, &fileError) {
		return "", errors.New(fileError.Text)
	}
	return string(contents), err
}
