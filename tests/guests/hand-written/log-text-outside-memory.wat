;; Logs a text that begins in the last byte of the memory and goes on behind it.
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
    (type $levels (enum "debug" "info" "warn" "error"))
    (export "log-level" (type $log-level (eq $levels)))
    (export "log" (func (param "level" $log-level) (param "message" string)))))
  (core module $libc
    (memory (export "memory") 1)
    ;; The task's texts may overwrite each other: nobody reads them.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $log (canon lower (func $session "log") (memory $memory)))
  (core module $agent
    (import "libc" "memory" (memory 1))
    (import "host" "log" (func $log (param i32 i32 i32)))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
      (call $log (i32.const 1) (i32.const 65535) (i32.const 2))
      i32.const 0))
  (core instance $agent (instantiate $agent
    (with "libc" (instance $libc))
    (with "host" (instance (export "log" (func $log))))))
  (func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc))))
