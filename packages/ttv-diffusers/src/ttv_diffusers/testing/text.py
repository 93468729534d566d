"""Tokenizers and text encoders that know a hundred characters."""

from __future__ import annotations

import string
from typing import Any

__all__ = ["WIDTH", "byt5", "clip", "llama", "qwen", "umt5"]

WIDTH = 32
"""Size of the embeddings."""

_LETTERS = string.ascii_letters + string.digits + string.punctuation


def _unigram(special: list[str], words: list[str] | None = None) -> Any:
    """Return a tokenizer that knows letters, and some words whole."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = [*special, *(words or ()), "▁", *_LETTERS]
    vocabulary = [(piece, -9.0 if len(piece) == 1 else 0.0) for piece in dict.fromkeys(pieces)]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=special.index("<unk>")))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    return made


def _around(tokenizer: Any, *, start: str = "", end: str = "") -> Any:
    """Return what puts special tokens around a text."""
    from tokenizers import processors

    tokens = [(token, tokenizer.token_to_id(token)) for token in (start, end) if token]
    return processors.TemplateProcessing(single=f"{start} $A {end}".strip(), special_tokens=tokens)


def umt5() -> dict[str, Any]:
    """Return the text encoder of Wan and its tokenizer."""
    from transformers import T5TokenizerFast, UMT5Config, UMT5EncoderModel

    made = _unigram(["<pad>", "</s>", "<unk>"])
    made.post_processor = _around(made, end="</s>")
    config = UMT5Config(
        vocab_size=made.get_vocab_size(),
        d_model=WIDTH,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        decoder_start_token_id=0,
    )
    tokenizer = T5TokenizerFast(tokenizer_object=made, extra_ids=0)
    return {"text_encoder": UMT5EncoderModel(config).eval(), "tokenizer": tokenizer}


def llama(template: str) -> Any:
    """Return the tokenizer of HunyuanVideo's first text encoder.

    Args:
        template: What the pipeline puts around prompts. Its words are pieces of their own, so that
            it has about as many tokens as with the real tokenizer.
    """
    from transformers import LlamaTokenizerFast

    special = ["<unk>", "<|begin_of_text|>", "<|end_of_text|>", "<pad>"]
    marks = ["<image>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    words = sorted({f"▁{word}" for word in _words(template)})
    tokenizer = _unigram([*special, *marks], words)
    tokenizer.post_processor = _around(tokenizer, start="<|begin_of_text|>")
    return LlamaTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|begin_of_text|>",
        eos_token="<|end_of_text|>",
        unk_token="<unk>",
        pad_token="<pad>",
        additional_special_tokens=marks,
        model_max_length=4096,
    )


def clip() -> dict[str, Any]:
    """Return HunyuanVideo's second text encoder and its tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    pieces = [*_bytes(), *(f"{piece}</w>" for piece in _bytes())]
    ends = ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, *ends])}
    start, end = (vocabulary[piece] for piece in ends)
    config = CLIPTextConfig(
        vocab_size=len(vocabulary),
        bos_token_id=start,
        eos_token_id=end,
        pad_token_id=end,
        hidden_size=8,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=2,
        projection_dim=32,
    )
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    return {"text_encoder_2": CLIPTextModel(config).eval(), "tokenizer_2": tokenizer}


def qwen() -> dict[str, Any]:
    """Return HunyuanVideo 1.5's first text encoder and its tokenizer."""
    from transformers import Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel, Qwen2Tokenizer

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {piece: number for number, piece in enumerate([*_bytes(), *special])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], additional_special_tokens=special[1:])
    tokenizer.chat_template = _CHAT
    config = Qwen2_5_VLTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH // 2,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        rope_parameters={
            "mrope_section": [1, 1, 2],
            "rope_type": "default",
            "rope_theta": 1_000_000.0,
        },
        pad_token_id=vocabulary["<|endoftext|>"],
        bos_token_id=None,
        eos_token_id=None,
    )
    return {"text_encoder": Qwen2_5_VLTextModel(config).eval(), "tokenizer": tokenizer}


def byt5() -> dict[str, Any]:
    """Return HunyuanVideo 1.5's encoder of text in quotation marks, whose tokens are bytes."""
    from transformers import ByT5Tokenizer, T5Config, T5EncoderModel

    config = T5Config(vocab_size=384, d_model=WIDTH, d_kv=8, d_ff=37, num_layers=2, num_heads=4)
    tokenizer = ByT5Tokenizer()
    return {"text_encoder_2": T5EncoderModel(config).eval(), "tokenizer_2": tokenizer}


_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _words(text: str) -> list[str]:
    for mark in ("<|", "|>", "<image>", "{}"):
        text = text.replace(mark, f" {mark} ")
    return [word for word in text.split() if word.isascii()]


def _bytes() -> list[str]:
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())
