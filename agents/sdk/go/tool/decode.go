package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// decode reads arguments as the schema of their type demands, and names the field that is wrong.
func decode(arguments string, into any) error {
	if !json.Valid([]byte(arguments)) {
		return fmt.Errorf("the arguments are no JSON")
	}
	return decodeValue("", []byte(arguments), reflect.ValueOf(into).Elem())
}

// names tells a model which types are expected.
var names = map[string]string{
	"string": "a text", "boolean": "true or false", "integer": "a whole number", "number": "a number",
}

func decodeValue(path string, raw json.RawMessage, value reflect.Value) error {
	if value.Type() == rawMessage {
		value.SetBytes(slices.Clone(raw))
		return nil
	}
	switch value.Kind() {
	case reflect.Pointer:
		if string(bytes.TrimSpace(raw)) == "null" {
			return nil
		}
		value.Set(reflect.New(value.Type().Elem()))
		return decodeValue(path, raw, value.Elem())
	case reflect.Struct:
		return decodeRecord(path, raw, value)
	case reflect.Slice:
		return decodeList(path, raw, value)
	case reflect.Map:
		return decodeMap(path, raw, value)
	case reflect.Interface:
		return json.Unmarshal(raw, value.Addr().Interface())
	}
	null := string(bytes.TrimSpace(raw)) == "null"
	if null || json.Unmarshal(raw, value.Addr().Interface()) != nil {
		return mistake(path, names[typeName(value.Type())])
	}
	return nil
}

func mistake(path, wanted string) error {
	if path == "" {
		return fmt.Errorf("the arguments must be %s", wanted)
	}
	return fmt.Errorf("the argument %q must be %s", path, wanted)
}

// inside is the path of a member.
func inside(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// members of an object.
func members(path string, raw json.RawMessage) (map[string]json.RawMessage, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		return nil, mistake(path, "an object")
	}
	return object, nil
}

func decodeRecord(path string, raw json.RawMessage, value reflect.Value) error {
	object, err := members(path, raw)
	if err != nil {
		return err
	}
	var known []string
	for _, f := range fieldsOf(value.Type()) {
		known = append(known, f.name)
		if err := decodeField(inside(path, f.name), f, object, value.Field(f.index)); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(object) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no argument %q; there are: %s", inside(path, name),
				strings.Join(known, ", "))
		}
	}
	return nil
}

func decodeField(path string, f field, object map[string]json.RawMessage, value reflect.Value) error {
	raw, given := object[f.name]
	if !given {
		if !f.optional {
			return fmt.Errorf("the argument %q is missing", path)
		}
		if f.standard == nil {
			return nil
		}
		raw = f.standard
	}
	if err := decodeValue(path, raw, value); err != nil {
		return err
	}
	if f.choices != nil && !slices.Contains(f.choices, fmt.Sprint(reflect.Indirect(value))) {
		return mistake(path, "one of "+strings.Join(f.choices, ", "))
	}
	return nil
}

func decodeList(path string, raw json.RawMessage, value reflect.Value) error {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || items == nil {
		return mistake(path, "a list")
	}
	value.Set(reflect.MakeSlice(value.Type(), len(items), len(items)))
	for i, item := range items {
		if err := decodeValue(fmt.Sprintf("%s[%d]", path, i), item, value.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeMap(path string, raw json.RawMessage, value reflect.Value) error {
	object, err := members(path, raw)
	if err != nil {
		return err
	}
	value.Set(reflect.MakeMap(value.Type()))
	for _, name := range sortedNames(object) {
		item := reflect.New(value.Type().Elem()).Elem()
		if err := decodeValue(inside(path, name), object[name], item); err != nil {
			return err
		}
		value.SetMapIndex(reflect.ValueOf(name), item)
	}
	return nil
}

// sortedNames makes the first mistake that is named the same in every run.
func sortedNames(object map[string]json.RawMessage) []string {
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
