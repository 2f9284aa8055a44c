package agent

import (
	"time"
	"timeslip"
	"timeslip/internal/abi"
	"timeslip/internal/session"
	"unsafe"
)

// The records of timeslip:agent/types, as the canonical ABI lays them out.

type toolCallRecord struct{ id, name, arguments abi.List }

type messageRecord struct {
	role       uint8
	content    abi.List
	toolCalls  abi.List
	toolCallID abi.Option[abi.List]
}

type optionsRecord struct {
	maxOutputTokens   abi.Option[uint32]
	temperature, topP abi.Option[float64]
	seed              abi.Option[uint64]
	stop              abi.List
	toolChoice        abi.Case
	responseSchema    abi.Option[abi.List]
}

type requestRecord struct {
	model    abi.Option[abi.List]
	messages abi.List
	tools    abi.List
	options  optionsRecord
}

type replyRecord struct {
	message                                                      messageRecord
	finishReason                                                 uint8
	inputTokens, cachedInputTokens, outputTokens                 uint64
	queue, prefill, transfer, decode, timeToFirstToken, endToEnd uint64
	model, machine                                               abi.List
}

type pieceRecord struct {
	content      abi.List
	outputTokens uint64
}

// Results: the error lies where the value would.

type replyResult struct {
	failed uint8
	reply  replyRecord
}

type pieceResult struct {
	failed uint8
	piece  abi.Option[pieceRecord]
}

type textResult struct {
	failed uint8
	value  abi.Case
}

func lowerRequest(m *abi.Memory, request timeslip.Request) *requestRecord {
	record := &requestRecord{
		messages: abi.Place(m, lowerMessages(m, request.Messages)),
		tools:    session.LowerTools(m, request.Tools),
		options:  lowerOptions(m, request.Options),
	}
	if request.Model != "" {
		record.model = m.OptionalString(&request.Model)
	}
	return record
}

func lowerMessages(m *abi.Memory, messages []timeslip.Message) []messageRecord {
	records := make([]messageRecord, len(messages))
	for i, message := range messages {
		calls := make([]toolCallRecord, len(message.ToolCalls))
		for j, call := range message.ToolCalls {
			calls[j] = toolCallRecord{m.String(call.ID), m.String(call.Name), m.String(call.Arguments)}
		}
		records[i] = messageRecord{
			role:       uint8(message.Role),
			content:    m.String(message.Content),
			toolCalls:  abi.Place(m, calls),
			toolCallID: m.OptionalString(message.ToolCallID),
		}
	}
	return records
}

func lowerOptions(m *abi.Memory, options timeslip.Options) optionsRecord {
	stop := make([]abi.List, len(options.Stop))
	for i, text := range options.Stop {
		stop[i] = m.String(text)
	}
	return optionsRecord{
		maxOutputTokens: abi.OptionOf(options.MaxOutputTokens),
		temperature:     abi.OptionOf(options.Temperature),
		topP:            abi.OptionOf(options.TopP),
		seed:            abi.OptionOf(options.Seed),
		stop:            abi.Place(m, stop),
		toolChoice:      abi.Case{Tag: uint8(options.ToolChoice.Kind), Text: m.String(options.ToolChoice.Name)},
		responseSchema:  m.OptionalString(options.ResponseSchema),
	}
}

func liftMessage(record messageRecord) timeslip.Message {
	message := timeslip.Message{
		Role:       timeslip.Role(record.role),
		Content:    abi.TakeString(record.content),
		ToolCallID: abi.TakeOptionalString(record.toolCallID),
	}
	for _, call := range abi.Take[toolCallRecord](record.toolCalls) {
		message.ToolCalls = append(message.ToolCalls, timeslip.ToolCall{
			ID:        abi.TakeString(call.id),
			Name:      abi.TakeString(call.name),
			Arguments: abi.TakeString(call.arguments),
		})
	}
	return message
}

var finishReasons = []timeslip.FinishReason{
	timeslip.FinishStop, timeslip.FinishLength, timeslip.FinishToolCalls, timeslip.FinishContentFilter,
}

func (r *replyResult) lift() (*timeslip.Reply, error) {
	if r.failed != 0 {
		return nil, modelError((*abi.Case)(unsafe.Pointer(&r.reply)))
	}
	reply := &r.reply
	return &timeslip.Reply{
		Message:      liftMessage(reply.message),
		FinishReason: finishReasons[reply.finishReason],
		Usage: timeslip.Usage{
			InputTokens:       reply.inputTokens,
			CachedInputTokens: reply.cachedInputTokens,
			OutputTokens:      reply.outputTokens,
		},
		Timing: timeslip.Timing{
			Queue:            time.Duration(reply.queue),
			Prefill:          time.Duration(reply.prefill),
			Transfer:         time.Duration(reply.transfer),
			Decode:           time.Duration(reply.decode),
			TimeToFirstToken: time.Duration(reply.timeToFirstToken),
			EndToEnd:         time.Duration(reply.endToEnd),
		},
		Model:   abi.TakeString(reply.model),
		Machine: abi.TakeString(reply.machine),
	}, nil
}

func (r *pieceResult) lift() (*timeslip.Piece, error) {
	if r.failed != 0 {
		return nil, modelError((*abi.Case)(unsafe.Pointer(&r.piece)))
	}
	if r.piece.Present == 0 {
		return nil, nil
	}
	piece := r.piece.Value
	return &timeslip.Piece{
		Content:      abi.TakeString(piece.content),
		OutputTokens: piece.outputTokens,
	}, nil
}

// text gives the value of a result whose value is a text.
func (r *textResult) text() string {
	return abi.TakeString(*(*abi.List)(unsafe.Pointer(&r.value)))
}

func modelError(c *abi.Case) error {
	return &timeslip.ModelError{
		Kind: timeslip.ModelErrorKinds[c.Tag], Text: abi.TakeString(c.Text),
	}
}
