// A tool plugin: functions become tools, and their types become JSON Schemas.
package main

import (
	"strings"
	"timeslip/tool"
)

func init() { tool.Serve(tools...) }

func main() {}

var tools = []tool.Tool{
	tool.New("count_words", "Counts the words of a text.", tool.Pure, countWords),
}

type text struct {
	Text   string `json:"text" description:"The text."`
	Longer int    `json:"longer_than" description:"Counts words with more letters only." default:"0"`
}

type count struct {
	Words int `json:"words"`
}

func countWords(_ *tool.Call, arguments text) (count, error) {
	var counted count
	for _, word := range strings.Fields(arguments.Text) {
		if len([]rune(word)) > arguments.Longer {
			counted.Words++
		}
	}
	return counted, nil
}
