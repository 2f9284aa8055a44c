// Package abi passes values between Go and the host as the component model's canonical ABI lays
// them out. Go structs of fixed-size fields have that very layout; pointers are written as uint32,
// since Go's own are eight bytes long on WebAssembly.
package abi

import "unsafe"

// List is a list or a string in memory.
type List struct {
	Data   uint32
	Length uint32
}

// Option is an option of a value of fixed size.
type Option[T any] struct {
	Present uint8
	Value   T
}

// Case is a variant all of whose cases carry a text, or none.
type Case struct {
	Tag  uint8
	Text List
}

// Memory keeps alive what a call passes to the host, until the call has ended: the garbage
// collector does not see addresses that are written as uint32.
type Memory struct {
	kept []any
}

// Address of what the pointer points to, as the host sees it.
func Address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

// String passes a text.
func (m *Memory) String(text string) List {
	if text == "" {
		return List{}
	}
	m.kept = append(m.kept, text)
	return List{Address(unsafe.Pointer(unsafe.StringData(text))), uint32(len(text))}
}

// OptionalString passes a text that may be absent.
func (m *Memory) OptionalString(text *string) Option[List] {
	if text == nil {
		return Option[List]{}
	}
	return Option[List]{1, m.String(*text)}
}

// Bytes passes bytes.
func (m *Memory) Bytes(bytes []byte) List { return Place(m, bytes) }

// Place passes a list of values in the canonical layout.
func Place[T any](m *Memory, items []T) List {
	if len(items) == 0 {
		return List{}
	}
	m.kept = append(m.kept, items)
	return List{Address(unsafe.Pointer(unsafe.SliceData(items))), uint32(len(items))}
}

// OptionOf a value that a nil pointer leaves out.
func OptionOf[T any](value *T) Option[T] {
	if value == nil {
		return Option[T]{}
	}
	return Option[T]{1, *value}
}

// Pointer gives the value of an option, or nil.
func (o Option[T]) Pointer() *T {
	if o.Present == 0 {
		return nil
	}
	return &o.Value
}

// Bool in the canonical ABI is one byte.
func Bool(value bool) uint8 {
	if value {
		return 1
	}
	return 0
}

// held are the buffers that the host had allocated and Go has not taken over yet.
var held = map[uint32][]uint64{}

// TakeString takes over a text that the host wrote.
func TakeString(list List) string { return string(Take[byte](list)) }

// TakeOptionalString takes over a text that may be absent.
func TakeOptionalString(option Option[List]) *string {
	if option.Present == 0 {
		return nil
	}
	text := TakeString(option.Value)
	return &text
}

// Take takes over a list that the host wrote.
func Take[T any](list List) []T {
	if list.Length == 0 {
		return nil
	}
	first := (*T)(unsafe.Pointer(uintptr(list.Data)))
	items := append([]T(nil), unsafe.Slice(first, list.Length)...)
	delete(held, list.Data)
	return items
}

// The adapter of WASI asks for memory before Go's runtime is up: it gets it from here.
var (
	early     [1 << 17]byte
	earlyUsed uintptr
	runtimeUp bool
)

func init() { runtimeUp = true }

//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, alignment, size uintptr) unsafe.Pointer {
	if size == 0 {
		return unsafe.Pointer(alignment)
	}
	if !runtimeUp {
		start := uintptr(unsafe.Pointer(&early))
		place := (start + earlyUsed + alignment - 1) &^ (alignment - 1)
		earlyUsed = place + size - start
		return unsafe.Pointer(place)
	}
	buffer := make([]uint64, (size+7)/8)
	place := unsafe.Pointer(unsafe.SliceData(buffer))
	if old != nil {
		copy(unsafe.Slice((*byte)(place), size), unsafe.Slice((*byte)(old), oldSize))
		delete(held, Address(old))
	}
	held[Address(place)] = buffer
	return place
}

// Text is where a text lies, for a function that takes it as an address and a length.
func Text(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }
