"""Takes what generate.py of HunyuanVideo-1.5 takes, and makes grey frames."""

import argparse
import pathlib

import acting

EDGES = {"480p": (848, 480), "720p": (1280, 720)}


def yes_or_no(value):
    """Read a switch as that script does."""
    return {"true": True, "1": True, "false": False, "0": False}[value.lower()]


parser = argparse.ArgumentParser()
parser.add_argument("--prompt", required=True)
parser.add_argument("--negative_prompt", default="")
parser.add_argument("--resolution", required=True, choices=list(EDGES))
parser.add_argument("--model_path", required=True)
parser.add_argument("--aspect_ratio", default="16:9")
parser.add_argument("--num_inference_steps", type=int, default=50)
parser.add_argument("--video_length", type=int, default=121)
for name, usual in (
    ("sr", True),
    ("save_pre_sr_video", False),
    ("rewrite", False),
    ("cfg_distilled", False),
    ("enable_step_distill", False),
    ("sparse_attn", False),
    ("offloading", True),
    ("group_offloading", None),
    ("overlap_group_offloading", True),
    ("use_sageattn", False),
    ("enable_torch_compile", False),
    ("enable_cache", False),
    ("use_fp8_gemm", False),
):
    parser.add_argument(f"--{name}", type=yes_or_no, nargs="?", const=True, default=usual)
parser.add_argument("--dtype", choices=["bf16", "fp32"], default="bf16")
parser.add_argument("--seed", type=int, default=123)
parser.add_argument("--image_path")
parser.add_argument("--output_path")
parser.add_argument("--sage_blocks_range", default="0-53")
parser.add_argument("--cache_type", default="deepcache")
parser.add_argument("--lora_path")


def target(given):
    """Return where the video goes; a file beside it keeps the arguments."""
    path = pathlib.Path(given["output_path"])
    path.with_name(f"{path.stem}_config.json").write_text("{}")
    return path


acting.act(
    parser,
    "num_inference_steps",
    lambda given: EDGES[given["resolution"]] if not given["image_path"] else (480, 848),
    lambda given: given["video_length"],
    target,
)
