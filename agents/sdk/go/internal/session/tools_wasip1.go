package session

import (
	"timeslip"
	"timeslip/internal/abi"
)

// toolRecord is a tool-definition of timeslip:agent/types in the canonical layout.
type toolRecord struct {
	name, description, inputSchema               abi.List
	outputSchema                                 abi.Option[abi.List]
	readOnly, destructive, idempotent, openWorld uint8
}

// LowerTools passes definitions of tools.
func LowerTools(m *abi.Memory, tools []timeslip.ToolDefinition) abi.List {
	records := make([]toolRecord, len(tools))
	for i, tool := range tools {
		records[i] = toolRecord{
			name:         m.String(tool.Name),
			description:  m.String(tool.Description),
			inputSchema:  m.String(tool.InputSchema),
			outputSchema: m.OptionalString(tool.OutputSchema),
			readOnly:     abi.Bool(tool.Annotations.ReadOnly),
			destructive:  abi.Bool(tool.Annotations.Destructive),
			idempotent:   abi.Bool(tool.Annotations.Idempotent),
			openWorld:    abi.Bool(tool.Annotations.OpenWorld),
		}
	}
	return abi.Place(m, records)
}

// LiftTools takes over definitions of tools.
func LiftTools(list abi.List) []timeslip.ToolDefinition {
	records := abi.Take[toolRecord](list)
	tools := make([]timeslip.ToolDefinition, len(records))
	for i, record := range records {
		tools[i] = timeslip.ToolDefinition{
			Name:         abi.TakeString(record.name),
			Description:  abi.TakeString(record.description),
			InputSchema:  abi.TakeString(record.inputSchema),
			OutputSchema: abi.TakeOptionalString(record.outputSchema),
			Annotations: timeslip.Annotations{
				ReadOnly:    record.readOnly != 0,
				Destructive: record.destructive != 0,
				Idempotent:  record.idempotent != 0,
				OpenWorld:   record.openWorld != 0,
			},
		}
	}
	return tools
}
