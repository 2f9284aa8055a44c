"""Makes a small Llama of random weights, with its tokenizer: random_model.py FOLDER.

It writes words without meaning, always the same ones after the same prompt, and never ends a reply
by itself, so a reply is as long as the server lets it be.
"""

import json
import pathlib
import sys

import numpy
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HIDDEN, LAYERS, HEADS, KEY_HEADS, HEAD, FORWARD, VOCABULARY = 64, 2, 4, 2, 16, 128, 1024
START, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tokenizer(text):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        [text],
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[START, END],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    return made


def weights(vocabulary):
    random = numpy.random.default_rng(1)

    def drawn(*shape):
        return (0.1 * random.standard_normal(shape)).astype(numpy.float32)

    ones = numpy.ones(HIDDEN, numpy.float32)
    tensors = {
        "model.embed_tokens.weight": drawn(vocabulary, HIDDEN),
        "model.norm.weight": ones,
        "lm_head.weight": drawn(vocabulary, HIDDEN),
    }
    # The logits of the special tokens are 0, and another one's is above it.
    tensors["lm_head.weight"][:2] = 0
    for layer in range(LAYERS):
        shapes = {
            "self_attn.q_proj": (HEADS * HEAD, HIDDEN),
            "self_attn.k_proj": (KEY_HEADS * HEAD, HIDDEN),
            "self_attn.v_proj": (KEY_HEADS * HEAD, HIDDEN),
            "self_attn.o_proj": (HIDDEN, HEADS * HEAD),
            "mlp.gate_proj": (FORWARD, HIDDEN),
            "mlp.up_proj": (FORWARD, HIDDEN),
            "mlp.down_proj": (HIDDEN, FORWARD),
        }
        for name, shape in shapes.items():
            tensors[f"model.layers.{layer}.{name}.weight"] = drawn(*shape)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"model.layers.{layer}.{name}.weight"] = ones.copy()
    return tensors


def config(vocabulary):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": FORWARD,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "head_dim": HEAD,
        "vocab_size": vocabulary,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "torch_dtype": "float32",
    }


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir()
    # Any text will do to find pieces of words in.
    made = tokenizer((pathlib.Path(__file__).parents[2] / "ARCHITECTURE.md").read_text("utf-8"))
    made.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(config(made.get_vocab_size())))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": START,
        "eos_token": END,
        "chat_template": TEMPLATE,
        "model_max_length": 8192,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    save_file(weights(made.get_vocab_size()), folder / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main(sys.argv[1])
