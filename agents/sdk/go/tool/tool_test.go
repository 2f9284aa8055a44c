package tool_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"timeslip"
	"timeslip/timesliptest"
	"timeslip/tool"
)

type line struct {
	From   string  `json:"from"`
	Length float64 `json:"length"`
}

type drawing struct {
	First  line            `json:"first"`
	Lines  []line          `json:"lines"`
	Counts map[string]int  `json:"counts,omitempty"`
	Unit   string          `json:"unit" enum:"m,km" default:"\"m\""`
	Note   *string         `json:"note,omitempty" description:"A \"note\"."`
	Copies int             `json:"copies" default:"1"`
	Any    json.RawMessage `json:"any,omitempty"`
}

var tools = []tool.Tool{
	tool.New("draw", "Draws.", tool.Pure, func(_ *tool.Call, d drawing) (drawing, error) { return d, nil }),
	tool.New("fail", "Fails.", tool.Pure, func(*tool.Call, struct{}) (string, error) {
		return "", errors.New("no luck")
	}),
	tool.New("refuse", "Refuses.", tool.Pure, func(*tool.Call, struct{}) (string, error) {
		return "", &timeslip.ToolError{Kind: timeslip.ToolRefused, Text: "not today"}
	}),
	tool.New("read", "Reads.", tool.Pure, func(call *tool.Call, _ struct{}) (string, error) {
		contents, err := call.ReadFile("a.txt")
		return string(contents), err
	}),
}

func TestSchemaSaysWhatTheTypesSay(t *testing.T) {
	const ofLine = `"type":"object","properties":{"from":{"type":"string"},"length":{"type":"number"}},` +
		`"required":["from","length"],"additionalProperties":false`
	const wanted = `{"type":"object","properties":{"first":{` + ofLine + `},"lines":{"type":"array","items":{` +
		ofLine + `}},"counts":{"type":"object","additionalProperties":{"type":"integer"}},` +
		`"unit":{"type":"string","enum":["m","km"],"default":"m"},` +
		`"note":{"type":"string","description":"A \"note\"."},"copies":{"type":"integer","default":1},` +
		`"any":{}},"required":["first","lines"],"additionalProperties":false}`
	if schema := tools[0].Definition.InputSchema; schema != wanted {
		t.Fatalf("got  %s\nwant %s", schema, wanted)
	}
	if *tools[0].Definition.OutputSchema != wanted || tools[1].Definition.OutputSchema != nil {
		t.Fatal("the output's schema is not that of its type")
	}
}

func call(t *testing.T, name, arguments string) (string, error) {
	plugin := timesliptest.NewPlugin(t)
	plugin.Files["a.txt"] = "contents"
	return plugin.Call(tools, name, arguments)
}

func TestArgumentsBecomeValues(t *testing.T) {
	output, err := call(t, "draw", `{"lines":[{"length":2,"from":"b"}],"first":{"from":"a","length":0.5},
		"unit":"km","any":[1,{}],"counts":{"x":3}}`)
	const wanted = `{"first":{"from":"a","length":0.5},"lines":[{"from":"b","length":2}],"counts":{"x":3},` +
		`"unit":"km","copies":1,"any":[1,{}]}`
	if err != nil || output != wanted {
		t.Fatalf("got %s, %v", output, err)
	}
	if output, err = call(t, "read", `{}`); err != nil || output != "contents" {
		t.Fatalf("got %s, %v", output, err)
	}
}

func TestWrongArgumentIsNamed(t *testing.T) {
	const first = `{"first":{"from":"a","length":1},`
	for arguments, wanted := range map[string]string{
		`{`:                                "the arguments are no JSON",
		`[]`:                               "the arguments must be an object",
		`{}`:                               `the argument "first" is missing`,
		`{"first":{"from":1}}`:             `the argument "first.from" must be a text`,
		`{"first":{"from":null}}`:          `the argument "first.from" must be a text`,
		first + `"lines":[7]}`:             `the argument "lines[0]" must be an object`,
		first + `"lines":[],"unit":"cm"}`:  `the argument "unit" must be one of m, km`,
		first + `"lines":[],"copies":1.5}`: `the argument "copies" must be a whole number`,
		first + `"lines":[],"Copies":1}`:   `there is no argument "Copies"; there are: first, lines,`,
	} {
		_, err := call(t, "draw", arguments)
		var toolError *timeslip.ToolError
		if !errors.As(err, &toolError) || toolError.Kind != timeslip.ToolInvalidArguments ||
			!strings.HasPrefix(toolError.Text, wanted) {
			t.Errorf("%s gave %v, want %s", arguments, err, wanted)
		}
	}
}

func TestErrorsKeepTheirKind(t *testing.T) {
	for name, wanted := range map[string]timeslip.ToolErrorKind{
		"fail": timeslip.ToolFailed, "refuse": timeslip.ToolRefused, "nope": timeslip.ToolUnknown,
	} {
		_, err := call(t, name, `{}`)
		var toolError *timeslip.ToolError
		if !errors.As(err, &toolError) || toolError.Kind != wanted {
			t.Errorf("%s gave %v", name, err)
		}
	}
}
