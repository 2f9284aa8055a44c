;; limits: host_calls = 1000
;; Begins sleeps without end and waits for none of them.
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
  (import "timeslip:agent/session@0.1.0" (instance $session
    (export "sleep" (func async (param "duration-ns" u64)))))
  (core module $libc
    (memory (export "memory") 1)
    ;; The task's texts may overwrite each other: nobody reads them.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $sleep (canon lower (func $session "sleep") async))
  (core module $agent
    (import "host" "sleep" (func $sleep (param i64) (result i32)))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
      (loop $again
        (drop (call $sleep (i64.const 1_000_000_000)))
        (br $again))
      unreachable)
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $agent (instantiate $agent
    (with "host" (instance (export "sleep" (func $sleep))))))
  (func (export "run") async (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc)
      async (callback (core func $agent "callback")))))
