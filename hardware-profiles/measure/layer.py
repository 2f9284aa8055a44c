#!/usr/bin/env python3
"""Times one decoder layer and its parts on the chip at hand, and writes the times as CSV.

The layer is that of Llama and Qwen: attention with heads that share keys and values, over a KV cache,
and a gated feed-forward part. `timeslip calibrate` reads the CSV. See README.md beside this file.
"""

import argparse
import csv
import datetime
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as functional

# Dimensions by the names of Timeslip's model profiles, from the models' config.json.
PRESETS = {
    "llama-3.2-1b": dict(hidden_size=2048, intermediate_size=8192, num_attention_heads=32,
                         num_key_value_heads=8, head_dim=64, vocab_size=128256),
    "llama-3.1-8b": dict(hidden_size=4096, intermediate_size=14336, num_attention_heads=32,
                         num_key_value_heads=8, head_dim=128, vocab_size=128256),
    "qwen3-32b": dict(hidden_size=5120, intermediate_size=25600, num_attention_heads=64,
                      num_key_value_heads=8, head_dim=128, vocab_size=151936, qk_norm=True),
    "llama-3.3-70b": dict(hidden_size=8192, intermediate_size=28672, num_attention_heads=64,
                          num_key_value_heads=8, head_dim=128, vocab_size=128256),
}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16,
          "float8": torch.bfloat16}
COLUMNS = ["date", "device", "driver", "torch", "dtype", "model", "part", "phase", "batch",
           "new_tokens", "context_tokens", "time_us", "repeats"]


class Linear:
    """A matrix product; in 8 bits with one scale for the weights and one for what passes them."""

    def __init__(self, width_in, width_out, dtype, device):
        weight = torch.randn(width_out, width_in, dtype=DTYPES[dtype], device=device) * 0.02
        self.is_float8 = dtype == "float8"
        self.weight = weight.to(torch.float8_e4m3fn).t() if self.is_float8 else weight
        self.scale = torch.ones((), device=device)

    def __call__(self, x):
        if not self.is_float8:
            return functional.linear(x, self.weight)
        rows = x.reshape(-1, x.shape[-1]).to(torch.float8_e4m3fn)
        out = torch._scaled_mm(rows, self.weight, self.scale, self.scale, out_dtype=x.dtype)
        return out.reshape(*x.shape[:-1], -1)


class Layer:
    """One decoder layer, and what a step does once beside its layers."""

    def __init__(self, model, dtype, device):
        self.heads, self.kv_heads = model["num_attention_heads"], model["num_key_value_heads"]
        self.hidden, self.width = model["hidden_size"], model["head_dim"]
        self.middle, self.vocabulary = model["intermediate_size"], model["vocab_size"]
        self.dtype, self.device = DTYPES[dtype], device
        both = (self.heads + 2 * self.kv_heads) * self.width
        self.qkv_proj = Linear(self.hidden, both, dtype, device)
        self.o_proj = Linear(self.heads * self.width, self.hidden, dtype, device)
        self.gate_up_proj = Linear(self.hidden, 2 * self.middle, dtype, device)
        self.down_proj = Linear(self.middle, self.hidden, dtype, device)
        self.norm_weight = torch.ones(self.hidden, dtype=self.dtype, device=device)
        self.head_norm_weight = torch.ones(self.width, dtype=self.dtype, device=device)
        self.has_qk_norm = model.get("qk_norm", False)

    def values(self, *shape):
        return torch.randn(*shape, dtype=self.dtype, device=self.device) * 0.1

    def layernorm(self, x):
        return functional.rms_norm(x, (self.hidden,), self.norm_weight)

    def split_heads(self, qkv):
        batch, new, _ = qkv.shape
        qkv = qkv.view(batch, new, self.heads + 2 * self.kv_heads, self.width).transpose(1, 2)
        return qkv.split([self.heads, self.kv_heads, self.kv_heads], dim=1)

    def qk_norm(self, query, key):
        shape, weight = (self.width,), self.head_norm_weight
        return functional.rms_norm(query, shape, weight), functional.rms_norm(key, shape, weight)

    @staticmethod
    def rotary_emb(x, cos, sin):
        low, high = x.chunk(2, dim=-1)
        return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)

    def attention(self, query, key, value, mask):
        causal = mask is None and query.shape[2] > 1
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=causal, enable_gqa=True)

    def act_fn(self, gate_up):
        gate, up = gate_up.chunk(2, dim=-1)
        return functional.silu(gate) * up

    def whole(self, x, cache, cos, sin, mask):
        """The layer; new keys and values go to the end of the cache, in place."""
        batch, new, _ = x.shape
        query, key, value = self.split_heads(self.qkv_proj(self.layernorm(x)))
        if self.has_qk_norm:
            query, key = self.qk_norm(query, key)
        query, key = self.rotary_emb(query, cos, sin), self.rotary_emb(key, cos, sin)
        keys, values = cache
        keys[:, :, -new:].copy_(key)
        values[:, :, -new:].copy_(value)
        mixed = self.attention(query, keys, values, mask)
        x = x + self.o_proj(mixed.transpose(1, 2).reshape(batch, new, -1))
        return x + self.down_proj(self.act_fn(self.gate_up_proj(self.layernorm(x))))


def mask_of(new, context, device):
    """What each new token looks back at; none where the plain causal mask or all tokens are meant."""
    if context == 0 or new == 1:
        return None
    every = torch.arange(context + new, device=device)
    return every[None, :] <= (context + torch.arange(new, device=device))[:, None]


class Timer:
    """The median time of a function, after warming up: of a CUDA graph, as serving software replays
    them, where there is a CUDA device, and by the wall clock elsewhere."""

    def __init__(self, device, warm_up, repeats):
        self.is_cuda = device.type == "cuda"
        self.warm_up, self.repeats = warm_up, repeats

    def microseconds(self, function):
        with torch.inference_mode():
            for _ in range(self.warm_up):
                function()
            return self.on_cuda(function) if self.is_cuda else self.on_clock(function)

    def on_clock(self, function):
        times = []
        for _ in range(self.repeats):
            began = time.perf_counter()
            function()
            times.append((time.perf_counter() - began) * 1e6)
        return statistics.median(times)

    def on_cuda(self, function):
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            function()
        # What the last repeat left in the cache would make small layers faster than they are.
        flush = torch.empty(256 << 20, dtype=torch.int8, device="cuda")
        times = []
        for _ in range(self.repeats):
            flush.zero_()
            began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            began.record()
            graph.replay()
            ended.record()
            ended.synchronize()
            times.append(began.elapsed_time(ended) * 1e3)
        return statistics.median(times)


def whole_layers(layer, batches, prompts, contexts):
    """The calls of a whole layer: (phase, batch, new tokens, context tokens, function)."""
    sizes = [("decode", batch, 1, context) for batch in batches for context in contexts]
    sizes += [("prefill", 1, new, context) for new in prompts for context in [0] + contexts]
    for phase, batch, new, context in sizes:
        x = layer.values(batch, new, layer.hidden)
        cache = [layer.values(batch, layer.kv_heads, context + new, layer.width) for _ in range(2)]
        cos, sin = (layer.values(new, layer.width // 2) for _ in range(2))
        mask = mask_of(new, context, layer.device)
        yield phase, batch, new, context, lambda: layer.whole(x, cache, cos, sin, mask)


def attentions(layer, batches, prompts, contexts):
    """Attention alone, in the same sizes."""
    sizes = [("decode", batch, 1, context) for batch in batches for context in contexts]
    sizes += [("prefill", 1, new, context) for new in prompts for context in [0] + contexts]
    for phase, batch, new, context in sizes:
        query = layer.values(batch, layer.heads, new, layer.width)
        key, value = (
            layer.values(batch, layer.kv_heads, context + new, layer.width) for _ in range(2))
        mask = mask_of(new, context, layer.device)
        yield phase, batch, new, context, lambda: layer.attention(query, key, value, mask)


def parts_by_tokens(layer, tokens):
    """The other parts of a step, whose time follows from its tokens: (part, function)."""
    x = layer.values(1, tokens, layer.hidden)
    mixed = layer.values(1, tokens, layer.heads * layer.width)
    gate_up, middle = layer.values(1, tokens, 2 * layer.middle), layer.values(1, tokens, layer.middle)
    query, key, _ = layer.split_heads(
        layer.values(1, tokens, (layer.heads + 2 * layer.kv_heads) * layer.width))
    cos, sin = (layer.values(tokens, layer.width // 2) for _ in range(2))
    table = layer.values(layer.vocabulary, layer.hidden)
    names = torch.randint(layer.vocabulary, (1, tokens), device=layer.device)
    yield "embedding", lambda: functional.embedding(names, table)
    yield "layernorm", lambda: layer.layernorm(x)
    yield "qkv_proj", lambda: layer.qkv_proj(x)
    if layer.has_qk_norm:
        yield "qk_norm", lambda: layer.qk_norm(query, key)
    yield "rotary_emb", lambda: (layer.rotary_emb(query, cos, sin), layer.rotary_emb(key, cos, sin))
    yield "o_proj", lambda: layer.o_proj(mixed)
    yield "gate_up_proj", lambda: layer.gate_up_proj(x)
    yield "act_fn", lambda: layer.act_fn(gate_up)
    yield "down_proj", lambda: layer.down_proj(middle)
    yield "final_layernorm", lambda: layer.layernorm(x)


def parts_by_chats(layer, chats, head):
    """What a step does once for each chat: the output matrix, which serving software keeps in 16 bits,
    and the choice of the likeliest token."""
    x, logits = layer.values(chats, layer.hidden), layer.values(chats, layer.vocabulary)
    yield "lm_head", lambda: functional.linear(x, head)
    yield "sampler", lambda: logits.argmax(dim=-1)


def device_and_driver(device):
    if device.type == "cuda":
        import subprocess
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        try:
            said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
            driver = said.splitlines()[device.index or 0].strip()
        except (OSError, subprocess.CalledProcessError, IndexError):
            driver = "unknown"
        return torch.cuda.get_device_name(device), driver
    return f"CPU with {torch.get_num_threads()} threads", "none"


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def dimensions(args):
    """The model's name and its dimensions."""
    if args.config is None:
        return args.model, PRESETS[args.model]
    with open(args.config, encoding="utf-8") as file:
        config = json.load(file)
    config = config.get("text_config", config)
    config.setdefault("head_dim", config["hidden_size"] // config["num_attention_heads"])
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    config["qk_norm"] = config.get("model_type", "").startswith("qwen3")
    if "num_experts" in config or "num_local_experts" in config:
        sys.exit("this layer has experts, and the script times gated feed-forward parts alone")
    return args.model, config


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="llama-3.1-8b",
                        help="name of the model's Timeslip profile; dimensions of: "
                             + ", ".join(PRESETS) + ", or of any with --config")
    parser.add_argument("--config", help="the model's config.json from Hugging Face")
    parser.add_argument("--dtype", default="bfloat16",
                        help="comma-separated: " + ", ".join(DTYPES) + " (float8 on CUDA alone)")
    parser.add_argument("--batch", type=numbers, default=[1, 2, 4, 8, 16, 32, 64, 128])
    parser.add_argument("--prompt", type=numbers, default=[128, 512, 1024, 2048, 4096])
    parser.add_argument("--context", type=numbers, default=[128, 1024, 4096, 16384])
    parser.add_argument("--whole-only", action="store_true",
                        help="times whole layers and not their parts")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--warm-up", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=21)
    parser.add_argument("--output", default="layer.csv")
    args = parser.parse_args()
    if args.config is None and args.model not in PRESETS:
        parser.error(f"--model {args.model}: give its --config, or one of " + ", ".join(PRESETS))
    args.dtypes = args.dtype.split(",")
    unknown = [dtype for dtype in args.dtypes if dtype not in DTYPES]
    if unknown:
        parser.error(f"--dtype {unknown[0]}: one of " + ", ".join(DTYPES))
    if "float8" in args.dtypes and not args.device.startswith("cuda"):
        parser.error("--dtype float8: PyTorch multiplies in 8 bits on CUDA devices alone")
    return args


def main():
    args = arguments()
    torch.manual_seed(0)
    device = torch.device(args.device)
    name, model = dimensions(args)
    timer = Timer(device, args.warm_up, args.repeats)
    what, driver = device_and_driver(device)
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    with open(args.output, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for dtype in args.dtypes:
            layer = Layer(model, dtype, device)

            def row(part, phase, batch, new, context, function):
                try:
                    taken = timer.microseconds(function)
                except torch.cuda.OutOfMemoryError:
                    print(f"left out for want of memory: {part} {phase} {batch} {new} {context}",
                          file=sys.stderr)
                    return
                writer.writerow([today, what, driver, torch.__version__, dtype, name, part, phase,
                                 batch, new, context, f"{taken:.3f}", args.repeats])
                file.flush()

            sizes = (args.batch, args.prompt, args.context)
            for phase, batch, new, context, function in whole_layers(layer, *sizes):
                row("layer", phase, batch, new, context, function)
            if args.whole_only:
                continue
            for phase, batch, new, context, function in attentions(layer, *sizes):
                row("attention", phase, batch, new, context, function)
            for tokens in sorted(set(args.batch + args.prompt)):
                for part, function in parts_by_tokens(layer, tokens):
                    row(part, "prefill", 1, tokens, 0, function)
            head = layer.values(layer.vocabulary, layer.hidden)
            for chats in args.batch:
                for part, function in parts_by_chats(layer, chats, head):
                    row(part, "decode", chats, 1, 0, function)


if __name__ == "__main__":
    main()
