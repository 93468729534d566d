"""Takes what generate.py of Wan2.2 takes, and makes grey frames."""

import acting

FOUR = ["720*1280", "1280*720", "480*832", "832*480"]
FIVE = ["704*1280", "1280*704"]
SIZES = {
    "t2v-A14B": FOUR,
    "i2v-A14B": FOUR,
    "ti2v-5B": FIVE,
    "animate-14B": FOUR,
    "s2v-14B": FOUR,
}

parser = acting.shared_arguments(list(SIZES), [*FOUR, *FIVE, "1024*704", "704*1024"])
for name in ("convert_model_dtype", "replace_flag", "use_relighting_lora", "enable_tts"):
    parser.add_argument(f"--{name}", action="store_true")
for name in ("src_root_path", "audio", "tts_text", "pose_video"):
    parser.add_argument(f"--{name}", default=None)
parser.add_argument("--start_from_ref", action="store_true")
parser.add_argument("--infer_frames", type=int, default=80)
task = parser.parse_known_args()[0].task
acting.act(parser, SIZES, fps=24 if task == "ti2v-5B" else 16)
