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
      attention  1 × rubin               8   288 GB   3.90 GB  15.1 GB   269 GB             911
      ffn        1,536 × groq3-lpu       1   768 GB       0 B   658 GB
      prefill: linear fp8, experts fp8, output bf16; KV 281 KB a token
      attention: linear fp8, output bf16; KV 35.1 KB a token
      ffn: linear fp8, experts fp8; no KV
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing least_outstanding, preemption recompute; link 8 × 1.04 TB/s, sends
        at_end
      KV tiers: none

    READING A PROMPT of 8,000 tokens: one step of 8 × rubin; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     3.23 ms   2.3 %  compute   30.5 T  1.91 GB  9.44 PFLOP/s
      attention  40.0 ms  28.0 %  compute   20.0 T   281 MB  500 TFLOP/s
      experts    62.7 ms  43.9 %  compute   40.9 T  81.7 GB  651 TFLOP/s
      exchange   24.6 ms  17.2 %  link              24.5 GB  122 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    12.2 ms   8.5 %  latency                    61 layers × 32.0 µs + 58 × 24.0 µs
      head       18.2 µs   0.0 %  memory     232 M   232 MB  12.8 TB/s
      host        100 µs   0.1 %  latency                    100 µs
      all         143 ms

    WRITING A TOKEN of 32 replies with 8,400 tokens of context: one step of 1 × rubin with 1,536 ×
      groq3-lpu; FLOP, bytes and rates are one chip's
      part               time   share  bound by    FLOP    bytes  from
      attention side  11.1 ms  83.8 %  compute   5.30 T  20.9 GB  61 × 183 µs, 17.6 µs fixed
      ffn side         549 µs   4.1 %  memory    1.01 G   275 MB  61 × 9.00 µs, 2.63 µs fixed
      crossings        890 µs   6.7 %  latency           56.0 MB  122 × 5.00 µs + 200 GB/s
      head             147 µs   1.1 %  memory    59.3 G  1.85 GB  12.6 TB/s
      host             566 µs   4.3 %  latency                    100 µs × √32
      all             13.3 ms

    FIRST TOKEN of a chat that is alone
      front end          30.0 ms
      prefill             143 ms
      transfer            280 µs  281 MB
      first decode step  3.35 ms
      all                 176 ms

    SPEED
      75.3 tokens/s for one user, 2,408 for one group of 1 × rubin with 1,536 × groq3-lpu
      does not reach the target of 1,500 tokens/s for one user (0.05 of it)

    BAND around what is said above
      time to the first token: no measurements of rubin, reading and writing apart: between 0.009 and
        35.98 times it
      time per token: no measurements of rubin with groq3-lpu, reading and writing apart: between 0.21
        and 2.10 times it

    ESTIMATES that this rests on, 39
    ");
}

#[test]
fn groq_drafts_for_rubin() {
    let point = OperatingPoint { input_tokens: 8_000, context_tokens: 8_400, batch: 64 };
    insta::assert_snapshot!(screen(&explained("rubin-groq3-draft", "llama-3.3-70b", point)), @r"
    rubin-groq3-draft serving llama-3.3-70b
    profiles DIGEST
    warning: the KV of only 36 chats of this context fits a draft group; the others write one token a
    step

    MEMORY of one group of chips
      pool   group           groups   memory  reserved  weights   for KV  chats of 8,400
      all    8 × rubin            9  2.30 TB   31.2 GB  72.7 GB  2.20 TB           1,598
      draft  56 × groq3-lpu       9  28.0 GB       0 B  8.03 GB  20.0 GB              36
      all: linear fp8, output bf16; KV 164 KB a token
      draft: linear fp8, output fp8; KV 65.5 KB a token
      prefix cache: on; the prompt below finds nothing in it
      serving: policy fcfs, routing least_outstanding, preemption recompute
      KV tiers: none

    READING A PROMPT of 8,000 tokens: one step of 8 × rubin; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear     14.5 ms  19.4 %  compute    137 T  8.56 GB  9.44 PFLOP/s
      attention  21.0 ms  28.1 %  compute   10.5 T   164 MB  500 TFLOP/s
      exchange   36.6 ms  49.0 %  link              36.7 GB  160 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    2.56 ms   3.4 %  latency                    80 layers × 32.0 µs
      head       20.6 µs   0.0 %  memory     263 M   263 MB  12.8 TB/s
      host        100 µs   0.1 %  latency                    100 µs
      all        74.8 ms

    WRITING A TOKEN of 64 replies with 8,400 tokens of context: one step of 8 × rubin with 56 ×
      groq3-lpu; FLOP, bytes and rates are one chip's
      part          time   share  bound by    FLOP    bytes  from
      linear      739 µs   9.1 %  memory    2.94 T  8.56 GB  11.6 TB/s
      attention  1.34 ms  16.4 %  compute    474 G  11.0 GB  354 TFLOP/s
      exchange   2.20 ms  26.9 %  latency            789 MB  160 all-reduces × 9.00 µs + 1.04 TB/s
      kernels    2.56 ms  31.3 %  latency                    80 layers × 32.0 µs
      head       26.2 µs   0.3 %  memory    45.2 G   263 MB  10.0 TB/s
      host        800 µs   9.8 %  latency                    100 µs × √64
      draft       500 µs   6.1 %  latency   37.4 G  13.9 GB  1 × 500 µs
      crossings  10.0 µs   0.1 %  latency                    1 × 10.0 µs
      all        8.17 ms

    FIRST TOKEN of a chat that is alone
      front end  30.0 ms
      prefill    74.8 ms
      all         105 ms

    SPEED
      252 tokens/s for one user, 16,120 for one group of 8 × rubin with 56 × groq3-lpu
      a step writes 2.06 tokens of each reply on average
      does not reach the target of 1,500 tokens/s for one user (0.17 of it)

    BAND around what is said above
      time to the first token: no measurements of rubin, reading and writing together: between 0.009 and
        35.98 times it
      time per token: no measurements of rubin with groq3-lpu, reading and writing together: between
        0.21 and 2.10 times it

    ESTIMATES that this rests on, 28
    ");
}
