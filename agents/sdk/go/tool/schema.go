package tool

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

var rawMessage = reflect.TypeFor[json.RawMessage]()

// field of a struct, as its tags say.
type field struct {
	index    int
	name     string
	optional bool
	standard json.RawMessage
	choices  []string
	about    string
	kind     reflect.Type
}

// fieldsOf a struct that JSON knows.
func fieldsOf(record reflect.Type) []field {
	var fields []field
	for i := range record.NumField() {
		member := record.Field(i)
		name, rest, _ := strings.Cut(member.Tag.Get("json"), ",")
		if !member.IsExported() || name == "-" {
			continue
		}
		f := field{index: i, name: name, about: member.Tag.Get("description"), kind: member.Type}
		if f.name == "" {
			f.name = member.Name
		}
		if standard, given := member.Tag.Lookup("default"); given {
			f.standard = json.RawMessage(standard)
		}
		if choices, given := member.Tag.Lookup("enum"); given {
			f.choices = strings.Split(choices, ",")
		}
		f.optional = f.standard != nil || member.Type.Kind() == reflect.Pointer ||
			strings.Contains(rest, "omitempty") || strings.Contains(rest, "omitzero")
		fields = append(fields, f)
	}
	return fields
}

// schemaOf a type, as JSON text.
func schemaOf(kind reflect.Type) string {
	var schema strings.Builder
	schema.WriteByte('{')
	writeSchema(&schema, kind)
	schema.WriteByte('}')
	return schema.String()
}

// writeSchema writes the members of a type's schema.
func writeSchema(schema *strings.Builder, kind reflect.Type) {
	if kind == rawMessage || kind.Kind() == reflect.Interface {
		return
	}
	switch kind.Kind() {
	case reflect.Pointer:
		writeSchema(schema, kind.Elem())
	case reflect.Struct:
		writeRecord(schema, kind)
	case reflect.Slice:
		schema.WriteString(`"type":"array","items":` + schemaOf(kind.Elem()))
	case reflect.Map:
		schema.WriteString(`"type":"object","additionalProperties":` + schemaOf(kind.Elem()))
	default:
		schema.WriteString(`"type":` + quote(typeName(kind)))
	}
}

func writeRecord(schema *strings.Builder, record reflect.Type) {
	var properties, required []string
	for _, f := range fieldsOf(record) {
		properties = append(properties, quote(f.name)+":"+f.schema())
		if !f.optional {
			required = append(required, quote(f.name))
		}
	}
	fmt.Fprintf(schema, `"type":"object","properties":{%s},"required":[%s],"additionalProperties":false`,
		strings.Join(properties, ","), strings.Join(required, ","))
}

func (f field) schema() string {
	var members []string
	var kind strings.Builder
	writeSchema(&kind, f.kind)
	if kind.Len() > 0 {
		members = append(members, kind.String())
	}
	if f.about != "" {
		members = append(members, `"description":`+quote(f.about))
	}
	if f.choices != nil {
		choices, _ := json.Marshal(f.choices)
		members = append(members, `"enum":`+string(choices))
	}
	if f.standard != nil {
		members = append(members, `"default":`+string(f.standard))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// typeName is the name of a simple type in JSON Schema.
func typeName(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	panic(fmt.Sprintf("the type %s has no JSON Schema; use strings, numbers, bool, slices, maps, "+
		"structs or json.RawMessage", kind))
}

// quote writes a text as JSON.
func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}
