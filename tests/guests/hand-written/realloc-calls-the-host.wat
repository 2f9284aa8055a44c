;; Calls the host while the host writes the task into its memory: a call inside a call, which the
;; canonical ABI forbids.
(component
  (import "timeslip:agent/types@0.1.0" (instance $types
    (type $task-fields (record (field "name" string) (field "input" string)))
    (export "task" (type (eq $task-fields)))
    (type $outcome-fields (record (field "answer" string)))
    (export "outcome" (type (eq $outcome-fields)))
    (type $failure-fields (record (field "message" string)))
    (export "failure" (type (eq $failure-fields)))))
  (alias export $types "task" (type $task))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "failure" (type $failure))
  (import "timeslip:agent/session-blocking@0.1.0" (instance $session
    (export "now" (func (result u64)))))
  (core func $now (canon lower (func $session "now")))
  (core module $libc
    (import "host" "now" (func $now (result i64)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (call $now))
      i32.const 1024))
  (core instance $libc (instantiate $libc
    (with "host" (instance (export "now" (func $now))))))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core module $agent
    (import "libc" "memory" (memory 1))
    (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 0))
  (core instance $agent (instantiate $agent
    (with "libc" (instance $libc))))
  (func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc))))
