"""What the stand-ins for both versions of generate.py share."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

from ttv_core.media import VideoWriter


def str2bool(value):
    """Read a switch as that script does."""
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if value.lower() not in known:
        msg = "Boolean value expected (True/False)"
        raise argparse.ArgumentTypeError(msg)
    return known[value.lower()]


def shared_arguments(tasks, sizes):
    """Return a parser with the arguments that both versions have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", default=tasks[0], choices=tasks)
    parser.add_argument("--size", default="1280*720", choices=sizes)
    parser.add_argument("--frame_num", type=int, default=None)
    parser.add_argument("--ckpt_dir", default=None)
    parser.add_argument("--offload_model", type=str2bool, default=None)
    parser.add_argument("--ulysses_size", type=int, default=1)
    for name in ("--t5_fsdp", "--t5_cpu", "--dit_fsdp", "--use_prompt_extend"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("--save_file", default=None)
    parser.add_argument("--prompt", default=None)
    parser.add_argument("--base_seed", type=int, default=-1)
    parser.add_argument("--image", default=None)
    parser.add_argument("--sample_solver", default="unipc", choices=["unipc", "dpm++"])
    parser.add_argument("--sample_steps", type=int, default=None)
    parser.add_argument("--sample_shift", type=float, default=None)
    parser.add_argument("--sample_guide_scale", type=float, default=None)
    return parser


def act(parser, allowed, fps):
    """Do as the script would, and note what it was given."""
    args = parser.parse_args()
    assert args.ckpt_dir is not None, "Please specify the checkpoint directory."
    assert args.size in allowed[args.task], f"Unsupport size {args.size} for task {args.task}"
    world, rank = int(os.getenv("WORLD_SIZE", "1")), int(os.getenv("RANK", "0"))
    ring = getattr(args, "ring_size", 1)
    if world == 1:
        assert not any((args.t5_fsdp, args.dit_fsdp)), "not in non-distributed environments"
        assert args.ulysses_size * ring == 1, "not in non-distributed environments"
    else:
        assert args.ulysses_size * ring == world, "should be equal to the world size"
    said = vars(args) | {"world": world}
    runs = Path("runs")
    count = len(list(runs.glob(f"*-{rank}.json"))) if runs.exists() else 0
    runs.mkdir(exist_ok=True)
    (runs / f"{count}-{rank}.json").write_text(json.dumps(said))
    for step in range(args.sample_steps + 1):
        sys.stderr.write(f"\r 10%|#    | {step}/{args.sample_steps} [00:01<00:02,  1.00s/it]")
    how = os.environ.get("TTV_STANDIN", "")
    if how == "fail once" and count == 0:
        msg = "NCCL communicator was aborted"
        raise RuntimeError(msg)
    if how == "fail":
        msg = "NCCL communicator was aborted"
        raise RuntimeError(msg)
    if how == "no codec":
        sys.stdout.write("cache_video failed, error: no codec\n")
    elif rank == 0:
        width, height = map(int, args.size.split("*"))
        with VideoWriter(Path(args.save_file), width=width, height=height, fps=fps) as video:
            for level in range(args.frame_num):
                video.write(np.full((height, width, 3), level % 256, np.uint8))
    sys.stdout.write("Finished.\n")
