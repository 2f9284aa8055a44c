;; Grows a table until the host refuses, and fails with the number of elements it had then.
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
    (table $table 0 funcref)
    ;; The discriminant 1, then the message's address 32 and its length 8.
    (data (i32.const 16) "\01\00\00\00\20\00\00\00\08\00\00\00")
    (func $write-size (local $rest i32) (local $at i32)
      (local.set $rest (table.size $table))
      (local.set $at (i32.const 39))
      (loop $digit
        (i32.store8 (local.get $at)
          (i32.add (i32.const 0x30) (i32.rem_u (local.get $rest) (i32.const 10))))
        (local.set $rest (i32.div_u (local.get $rest) (i32.const 10)))
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (br_if $digit (i32.ge_u (local.get $at) (i32.const 32)))))
    (func (export "run") (param i32 i32 i32 i32) (result i32)
      (loop $again
        (br_if $again (i32.ge_s (table.grow $table (ref.null func) (i32.const 1000)) (i32.const 0))))
      (call $write-size)
      i32.const 16))
  (core instance $agent (instantiate $agent
    (with "libc" (instance $libc))))
  (func (export "run") (param "task" $task) (result (result $outcome (error $failure)))
    (canon lift (core func $agent "run") (memory $memory) (realloc $realloc))))
