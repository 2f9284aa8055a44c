;; Answers with an empty text, and traps in the function that frees the answer.
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
  (core module $libc
    (memory (export "memory") 1)
    ;; The task's texts may overwrite each other: nobody reads them.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core module $agent
    (import "libc" "memory" (memory 1))
    (func (export "run") (param i32 i32 i32 i32) (result i32) i32.const 16)
    (func (export "post-return") (param i32) unreachable))
  (core instance $agent (instantiate $agent
    (with "libc" (instance $libc))))
  (func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc)
      (post-return (core func $agent "post-return")))))
