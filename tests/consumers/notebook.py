# %% [markdown]
# # A run's steps in a notebook
#
# `timeslip export run.json --parquet steps.parquet` writes a row for each step: times in nanoseconds,
# tokens, joules, dollars, and whether it is on its session's critical path.

# %%
import duckdb

steps = duckdb.read_parquet("steps.parquet")

# %% Which tools take the time, and how much of it does a session wait for?
tools = duckdb.sql("""
    select tool, count(*) as calls, avg(e2e_ns) / 1e6 as mean_ms, sum(on_critical_path) as waited_for
    from steps where kind = 'tool' group by tool order by mean_ms desc
""")
print(tools)

# %% Does a longer prompt make a later first token?
prompts = duckdb.sql("""
    select (input_tokens - cached_input_tokens) // 256 * 256 as tokens_read, count(*) as chats,
           median(ttft_ns) / 1e6 as first_token_ms, median(tokens_per_second) as tokens_a_second
    from steps where kind = 'chat' and outcome not in ('error', 'cancelled') group by all order by all
""")
print(prompts)

# %% What did each session cost? Unknown stays unknown.
sessions = duckdb.sql("""
    select session, max(at_ns + e2e_ns) / 1e9 as ends_at_s, count(*) as steps,
           case when count(cost_usd) = count(*) filter (kind = 'chat') then sum(cost_usd) end as usd
    from steps group by session order by session
""")
print(sessions)
assert sessions.fetchall(), "the file holds the steps of at least one session"
