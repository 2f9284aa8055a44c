//! How machines explain themselves whose groups that write are helped.

use super::OperatingPoint;
use super::tests::{explained, screen};

#[test]
fn rubin_attends_and_groq_does_the_rest() {
    let point = OperatingPoint { input_tokens: 8_000, context_tokens: 8_400, batch: 32 };
    insta::assert_snapshot!(screen(&explained("rubin-groq3-afd", "deepseek-r1", point)), @r"
    rubin-groq3-afd serving deepseek-r1
    profiles DIGEST

    MEMORY of one group of chips
      pool       group              groups   memory  reserved  weights   for KV  chats of 8,400
      prefill    8 × rubin               8  2.30 TB   31.2 GB   673 GB  1.60 TB             677
      attention  8 × rubin               1  2.30 TB   31.2 GB  15.1 GB  2.26 TB             956
      ffn        1,536 × groq3-lpu       1   768 GB       0 B   658 GB
      prefill: linear fp8, experts fp8, output bf16; KV 281 KB a token
      attention: linear fp8, output bf16; KV 281 KB a token
      ffn: linear fp8, experts fp8; no KV
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing least_outstanding, preemption recompute; link 1 × 8.30 TB/s, sends
        at_end
      KV tiers: none

    READING A PROMPT of 8,000 tokens: one step of 8 × rubin; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     3.23 ms   3.1 %  compute   30.5 T  1.91 GB  9.44 PFLOP/s
      attention  26.3 ms  24.9 %  compute   20.0 T   281 MB  760 TFLOP/s
      experts    47.2 ms  44.7 %  compute   40.9 T  81.7 GB  866 TFLOP/s
      exchange   24.6 ms  23.3 %  link              24.5 GB  122 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    4.14 ms   3.9 %  latency                    61 layers × 45.0 µs + 58 × 24.0 µs
      head       18.2 µs   0.0 %  memory     232 M   232 MB  12.8 TB/s
      host        100 µs   0.1 %  latency                    100 µs
      all         106 ms

    WRITING A TOKEN of 32 replies with 8,400 tokens of context: one step of 8 × rubin with 1,536 ×
      groq3-lpu; FLOP, bytes and rates are one chip's
      part               time   share  bound by    FLOP    bytes  from
      attention side  4.51 ms  74.1 %  latency    662 G  10.9 GB  61 × 73.9 µs, 45.0 µs fixed
      ffn side         343 µs   5.6 %  latency   1.18 G   348 MB  61 × 5.62 µs, 3.09 µs fixed
      crossings        645 µs  10.6 %  latency           56.0 MB  122 × 5.00 µs + 1.60 TB/s
      head            18.3 µs   0.3 %  memory    7.41 G   232 MB  12.6 TB/s
      host             566 µs   9.3 %  latency                    100 µs × √32
      all             6.08 ms

    FIRST TOKEN of a chat that is alone
      front end          30.0 ms
      prefill             106 ms
      transfer           43.9 µs  281 MB
      first decode step  4.48 ms
      all                 140 ms

    SPEED
      164 tokens/s for one user, 5,264 for one group of 8 × rubin with 1,536 × groq3-lpu
      does not reach the target of 1,500 tokens/s for one user (0.11 of it)

    ESTIMATES that this rests on, 38
    ");
}

#[test]
fn groq_drafts_for_rubin() {
    let point = OperatingPoint { input_tokens: 8_000, context_tokens: 8_400, batch: 64 };
    insta::assert_snapshot!(screen(&explained("rubin-groq3-draft", "llama-3.3-70b", point)), @r"
    rubin-groq3-draft serving llama-3.3-70b
    profiles DIGEST
    warning: the KV of only 35 chats of this context fits a draft group; the others write one token a
    step

    MEMORY of one group of chips
      pool   group           groups   memory  reserved  weights   for KV  chats of 8,400
      all    8 × rubin            9  2.30 TB   31.2 GB  72.7 GB  2.20 TB           1,598
      draft  56 × groq3-lpu       9  28.0 GB       0 B  8.03 GB  19.5 GB              35
      all: linear fp8, output bf16; KV 164 KB a token
      draft: linear fp8, output fp8; KV 65.5 KB a token; weights on 17 chips, KV on 39
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing least_outstanding, preemption recompute
      KV tiers: none

    READING A PROMPT of 8,000 tokens: one step of 8 × rubin; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     14.5 ms  21.1 %  compute    137 T  8.56 GB  9.44 PFLOP/s
      attention  13.8 ms  20.1 %  compute   10.5 T   164 MB  760 TFLOP/s
      exchange   36.6 ms  53.3 %  link              36.7 GB  160 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    3.60 ms   5.2 %  latency                    80 layers × 45.0 µs
      head       20.6 µs   0.0 %  memory     263 M   263 MB  12.8 TB/s
      host        100 µs   0.1 %  latency                    100 µs
      all        68.6 ms

    WRITING A TOKEN of 64 replies with 8,400 tokens of context: one step of 8 × rubin with 56 ×
      groq3-lpu; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear      737 µs   8.2 %  memory    2.89 T  8.56 GB  11.6 TB/s
      attention  1.10 ms  12.2 %  memory     465 G  11.0 GB  10.0 TB/s
      exchange   2.18 ms  24.2 %  latency            775 MB  160 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    3.60 ms  40.0 %  latency                    80 layers × 45.0 µs
      head       26.0 µs   0.3 %  memory    44.4 G   263 MB  10.1 TB/s
      host        800 µs   8.9 %  latency                    100 µs × √64
      draft       550 µs   6.1 %  latency    105 G  2.86 GB  1 × 550 µs
      crossings  10.0 µs   0.1 %  latency                    1 × 10.0 µs
      all        9.00 ms

    FIRST TOKEN of a chat that is alone
      front end  30.0 ms
      prefill    68.6 ms
      all        98.6 ms

    SPEED
      225 tokens/s for one user, 14,418 for one group of 8 × rubin with 56 × groq3-lpu
      a step writes 2.03 tokens of each reply on average
      does not reach the target of 1,500 tokens/s for one user (0.15 of it)

    ESTIMATES that this rests on, 28
    ");
}
