"""Takes what generate.py of Wan2.1 takes, and makes grey frames."""

import acting

FOUR = ["720*1280", "1280*720", "480*832", "832*480"]
SMALL = ["480*832", "832*480"]
SIZES = {
    "t2v-14B": FOUR,
    "t2v-1.3B": SMALL,
    "i2v-14B": FOUR,
    "t2i-14B": [*FOUR, "1024*1024"],
    "flf2v-14B": FOUR,
    "vace-1.3B": SMALL,
    "vace-14B": FOUR,
}

parser = acting.shared_arguments(list(SIZES), [*FOUR, "1024*1024"])
parser.set_defaults(sample_guide_scale=5.0)
parser.add_argument("--ring_size", type=int, default=1)
for name in ("src_video", "src_mask", "src_ref_images", "first_frame", "last_frame"):
    parser.add_argument(f"--{name}", default=None)
parser.add_argument("--prompt_extend_method", choices=["dashscope", "local_qwen"])
parser.add_argument("--prompt_extend_model", default=None)
parser.add_argument("--prompt_extend_target_lang", choices=["zh", "en"], default="zh")
acting.act(parser, SIZES, fps=16)
