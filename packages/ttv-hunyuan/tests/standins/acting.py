"""What the stand-ins for the official scripts share: how they end, well and badly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ttv_core.media import VideoWriter


def act(parser, steps, size, frames, target):
    """Do as the script would, and note what it was given; `target` says where the video goes."""
    given = vars(parser.parse_args())
    rank = os.environ.get("RANK", "0")
    said = given | {"RANK": rank, "WORLD_SIZE": os.environ.get("WORLD_SIZE", "1")}
    said["MODEL_BASE"] = os.environ.get("MODEL_BASE")
    Path(f"given{rank}.json").write_text(json.dumps(said, default=str))
    how = os.environ.get("TTV_STANDIN", "")
    sys.stdout.write("Loading weights ...\n")
    bar(2, 2, word="Loading checkpoint shards: ")
    for step in range(given[steps] + 1):
        bar(step, given[steps])
        if how == "crash" and step == 1:
            msg = "CUDA out of memory. Tried to allocate 20.00 GiB"
            raise RuntimeError(msg)
        if how == "hang" and step == 1:
            child = subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
            )
            Path("pids").write_text(f"{os.getpid()} {child.pid}")
            time.sleep(600)
    if how != "no file" and rank == "0":
        path = target(given)
        path.parent.mkdir(parents=True, exist_ok=True)
        width, height = size(given)
        with VideoWriter(path, width=width, height=height, fps=24) as video:
            for level in range(frames(given)):
                video.write(np.full((height, width, 3), level % 256, np.uint8))
    sys.stdout.write("Finished.\n")


def bar(step, steps, word=""):
    percent = 100 * step // steps
    sys.stderr.write(f"\r{word}{percent:3d}%|###   | {step}/{steps} [00:01<00:02,  1.00s/it]")
    sys.stderr.flush()


def named_by_prompt(given):
    """Return the path that the older scripts choose."""
    seed, prompt = given["seed"], given["prompt"].strip()[:100].replace("/", "")
    return Path(given["save_path"]) / f"2026-11-20-12:00:00_seed{seed}_{prompt}.mp4"


def older_arguments(parser):
    """Add the arguments that both of the older scripts have (hyvideo/config.py)."""
    flag, text, number, real = "store_true", str, int, float
    for name in ("--vae-tiling", "--flow-reverse", "--use-linear-quadratic-schedule"):
        parser.add_argument(name, action=flag)
    for name in ("--use-cpu-offload", "--disable-autocast", "--use-fp8", "--reproduce"):
        parser.add_argument(name, action=flag)
    models = ["HYVideo-T/2", "HYVideo-T/2-cfgdistill", "HYVideo-S/2"]
    parser.add_argument("--model", choices=models, default="HYVideo-T/2-cfgdistill")
    parser.add_argument("--precision", choices=["fp32", "fp16", "bf16"], default="bf16")
    parser.add_argument("--flow-shift", type=real, default=7.0)
    parser.add_argument("--flow-solver", type=text, default="euler")
    parser.add_argument("--model-base", type=text, default="ckpts")
    parser.add_argument("--dit-weight", type=text, default="ckpts/default.pt")
    parser.add_argument("--model-resolution", choices=["540p", "720p"], default="540p")
    parser.add_argument("--load-key", type=text, default="module")
    parser.add_argument("--batch-size", type=number, default=1)
    parser.add_argument("--infer-steps", type=number, default=50)
    parser.add_argument("--save-path", type=text, default="./results")
    parser.add_argument("--save-path-suffix", type=text, default="")
    parser.add_argument("--name-suffix", type=text, default="")
    parser.add_argument("--num-videos", type=number, default=1)
    parser.add_argument("--video-size", type=number, nargs="+", default=(720, 1280))
    parser.add_argument("--video-length", type=number, default=129)
    parser.add_argument("--prompt", type=text, default=None)
    parser.add_argument("--seed-type", choices=["file", "random", "fixed", "auto"], default="auto")
    parser.add_argument("--seed", type=number, default=None)
    parser.add_argument("--neg-prompt", type=text, default=None)
    parser.add_argument("--cfg-scale", type=real, default=1.0)
    parser.add_argument("--embedded-cfg-scale", type=real, default=6.0)
    parser.add_argument("--ulysses-degree", type=number, default=1)
    parser.add_argument("--ring-degree", type=number, default=1)
