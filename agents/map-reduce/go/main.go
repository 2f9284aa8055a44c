// An agent that answers a question about many documents: it summarises all of them, joins summaries
// in a tree of chats until few are left, and answers from those.
package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"timeslip"
	"timeslip/agent"
)

func init() { agent.Run(run) }

func main() {}

const instructions = "You work through many documents. " +
	"Keep every figure, name and date that matters."

// How many documents or groups are worked on at once, and how many summaries one chat joins, unless
// the bench configures it.
const (
	defaultAtOnce = 8
	defaultGroup  = 6
)

func run(s *timeslip.Session, task timeslip.Task) (string, error) {
	atOnce, err := setting(s, "at_once", 1, defaultAtOnce)
	if err != nil {
		return "", err
	}
	group, err := setting(s, "group", 2, defaultGroup)
	if err != nil {
		return "", err
	}
	names, err := listDocuments(s)
	if err != nil {
		return "", err
	}
	summaries, err := each(atOnce, names, func(name string) (string, error) {
		return summarise(s, name)
	})
	for level := 1; err == nil && len(summaries) > group; level++ {
		end := s.Span(fmt.Sprintf("level %d", level))
		summaries, err = each(atOnce, groups(summaries, group), func(part []string) (string, error) {
			return ask(s, "Join these summaries into one:\n\n"+list(part))
		})
		end()
	}
	if err != nil {
		return "", err
	}
	return ask(s, task.Input+"\n\nAnswer from these summaries:\n\n"+list(summaries))
}

// setting reads a whole number of the bench's configuration.
func setting(s *timeslip.Session, key string, least, standard int) (int, error) {
	value, found := s.Config(key)
	if !found {
		return standard, nil
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < least {
		return 0, fmt.Errorf("the setting %s must be a whole number of at least %d, not %s",
			key, least, value)
	}
	return number, nil
}

func listDocuments(s *timeslip.Session) ([]string, error) {
	output, err := s.CallTool("list_documents", "{}")
	if err != nil {
		return nil, err
	}
	var listing struct {
		Documents []string `json:"documents"`
	}
	if err := json.Unmarshal([]byte(output), &listing); err != nil {
		return nil, fmt.Errorf("list_documents gave no listing: %w", err)
	}
	if len(listing.Documents) == 0 {
		return nil, fmt.Errorf("there are no documents")
	}
	return listing.Documents, nil
}

func summarise(s *timeslip.Session, name string) (string, error) {
	arguments, err := json.Marshal(map[string]string{"name": name})
	if err != nil {
		return "", err
	}
	document, err := s.CallTool("read_document", string(arguments))
	if err != nil {
		return "", err
	}
	return ask(s, "Summarise the document "+name+" in one sentence:\n\n"+document)
}

func ask(s *timeslip.Session, prompt string) (string, error) {
	reply, err := s.Chat(timeslip.Request{
		Messages: []timeslip.Message{timeslip.System(instructions), timeslip.User(prompt)},
	})
	if err != nil {
		return "", err
	}
	return reply.Text(), nil
}

// list writes texts as a list.
func list(texts []string) string { return "- " + strings.Join(texts, "\n- ") }

// groups parts texts into lists of a size; the last one may be shorter.
func groups(texts []string, size int) [][]string {
	var parts [][]string
	for start := 0; start < len(texts); start += size {
		parts = append(parts, texts[start:min(start+size, len(texts))])
	}
	return parts
}
