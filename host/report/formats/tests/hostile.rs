//! Names and messages that try to be more than text.

use super::*;

#[test]
fn annotations_are_one_line_each() {
    let text = github_annotations(&examples::hostile());
    assert_eq!(text.lines().count(), 3, "{text}");
    for line in text.lines() {
        assert!(line.starts_with("::error file=") || line.starts_with("::warning file="), "{line}");
        let (properties, _) = line[2..].split_once("::").unwrap();
        let (_, properties) = properties.split_once(' ').unwrap();
        let names: Vec<&str> =
            properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
        assert_eq!(names, ["file", "line", "title"], "{line}");
    }
    insta::assert_snapshot!(text, @r#"
    ::error file=a b/c%2Cd%3Ae%25/a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>.toml,line=7,title=budget%3A p95 of session_e2e of task a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>::a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>%0A1.18 s, at most 1.20 s; 1.18 s before
    ::error file=a b/c%2Cd%3Ae%25/a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>.toml,line=1,title=+1.23 s%3A %3A%3Aerror%3A%3Aa|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>::over 50 sessions, first in a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>: +50 model calls, +62,000 tokens in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J%0A::stop-commands::a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>%0A- a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>%0Afails: # a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>
    ::warning file=a b/c%2Cd%3Ae%25/a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>.toml,line=7,title=budget%3A p95 of session_e2e of task a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript%3Aw) @everyone #1 &amp; %250A$x$\n%3A%3Aerror file=x%3A%3Ay\r##[error]z \u{202e}é]]>::a|b <script>alert(1)</script> \u{1b}[31m"q" 'r' `s` *t* _u_ [v](javascript:w) @everyone #1 &amp; %250A$x$\n::error file=x::y\r##[error]z \u{202e}é]]>%0A1.18 s, at most 1.20 s; 1.18 s before
    "#);
}

#[test]
fn markdown_has_no_tag_link_or_mention_of_theirs() {
    let text = markdown(&examples::hostile());
    for unwanted in ["<script", "](", "@everyone", " #1", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(unwanted), "{unwanted}: {text}");
    }
    // Every row of the table of changes has its five cells.
    let rows = text.lines().filter(|line| line.starts_with("| ✗ | **"));
    assert!(rows.clone().count() == 1 && rows.into_iter().all(|row| row.matches('|').count() == 6));
    insta::assert_snapshot!(text, @r#"
    ### ✗ aira&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;line: fail

    A change is worse than it may be; 1 budget fails, 1 warns, on groq+a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; against baselines/a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;.json

    *Next:* if it is meant so: `timeslip check --pending`, then `timeslip accept`.

    | | time | change | where | besides time |
    |---|--:|---|---|---|
    | ✗ | **+1.23 s** | \:\:error\:\:a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;<br>*fails:* \#&#8203; a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | over 50 sessions, first in a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | +50 model calls, +62,000 tokens in, +48,000 of them cached, +1,800 tokens out, +$0.155, +61.0 J |

    **That is +1.23 s of end-to-end time**

    <details><summary>What stands behind the changes</summary>

    - \:\:error\:\:a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;
      - \:\:stop-commands\:\:a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;
      - \- a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt;

    </details>

    | figure | before | now | difference | |
    |---|--:|--:|--:|--:|
    | session\_e2e\_total | 62.4 s | 63.7 s | +1.31 s | +2.1 % |
    | session\_e2e\_p95 | 1.18 s | 1.42 s | +241 ms | +20.4 % |
    | model\_calls | 200 | 250 | +50 | +25.0 % |
    | input\_tokens | 248,000 | 310,000 | +62,000 | +25.0 % |
    | output\_token\_throughput\_per\_user\_p50 | 1,523 tokens/s | 1,487 tokens/s | −36.2 tokens/s | −2.4 % |
    | cost | $0.650 | $0.812 | +$0.162 | +24.9 % |
    | energy | 850 J | 911 J | +61.0 J | +7.2 % |

    | | budget | value | found | line |
    |---|---|---|---|--:|
    | ✗ | p95 of session\_e2e of task a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | 1.18 s, at most 1.20 s; 1.18 s before | a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | 7 |
    | ! | p95 of session\_e2e of task a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | 1.18 s, at most 1.20 s; 1.18 s before | a&#124;b &lt;script&gt;alert\(1\)&lt;/script&gt; &#92;u\{1b\}\[31m"q" 'r' &#96;s&#96; \*t\* \_u\_ \[v\]\(javascript\:w\) \@&#8203;everyone \#&#8203;1 &amp;amp; %0A\$x\$&#92;n\:\:error file=x\:\:y&#92;r\#&#8203;\#&#8203;\[error\]z &#92;u\{202e\}é\]\]&gt; | 7 |
    "#);
}

#[test]
fn junit_and_json_stay_whole() {
    let verdict = examples::hostile();
    let xml = junit(&verdict);
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!(report.test_suites[0].test_cases.len(), 3);
    assert!(!xml.contains("<script"), "{xml}");
    for json in [sarif(&verdict), bencher(&verdict), benchmark_action(&verdict)] {
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(!value.is_null());
    }
    let sarif: serde_json::Value = serde_json::from_str(&sarif(&verdict)).unwrap();
    for result in sarif["runs"][0]["results"].as_array().unwrap() {
        let message = result["message"]["text"].as_str().unwrap();
        assert!(message.contains("[v\\](") && !message.contains("[v]("), "{message}");
    }
}
