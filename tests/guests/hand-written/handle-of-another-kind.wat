;; Waits for a tool call by the handle of a span.
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
    (export "span" (type $span (sub resource)))
    (export "[constructor]span" (func (param "name" string) (result (own $span))))))
  (import "timeslip:agent/tools-blocking@0.1.0" (instance $tools
    (type $errors (variant (case "unknown-tool" string) (case "refused" string)
      (case "invalid-arguments" string) (case "failed" string) (case "invalid-output" string)
      (case "crashed" string) (case "over-budget" string)))
    (export "tool-error" (type $tool-error (eq $errors)))
    (export "pending-tool-call" (type $call (sub resource)))
    (export "[method]pending-tool-call.wait" (func (param "self" (borrow $call))
      (result (result string (error $tool-error)))))))
  (core module $libc
    (memory (export "memory") 1)
    ;; The task's texts may overwrite each other: nobody reads them.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $new (canon lower (func $session "[constructor]span") (memory $memory)))
  (core func $wait (canon lower (func $tools "[method]pending-tool-call.wait")
    (memory $memory) (realloc $realloc)))
  (core module $agent
    (import "libc" "memory" (memory 1))
    (import "host" "new" (func $new (param i32 i32) (result i32)))
    (import "host" "wait" (func $wait (param i32 i32)))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
      (call $wait (call $new (i32.const 0) (i32.const 0)) (i32.const 16))
      i32.const 0))
  (core instance $agent (instantiate $agent
    (with "libc" (instance $libc))
    (with "host" (instance (export "new" (func $new)) (export "wait" (func $wait))))))
  (func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc))))
