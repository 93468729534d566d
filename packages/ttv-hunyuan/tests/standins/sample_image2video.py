"""Takes what sample_image2video.py of HunyuanVideo-I2V takes, and makes grey frames."""

import argparse

import acting

parser = argparse.ArgumentParser()
acting.older_arguments(parser)
parser.set_defaults(embedded_cfg_scale=None)
parser.add_argument("--i2v-mode", action="store_true")
parser.add_argument("--i2v-image-path", type=str, default="./assets/demo/i2v/imgs/0.png")
parser.add_argument("--i2v-resolution", choices=["720p", "540p", "360p"], default="720p")
parser.add_argument("--i2v-stability", action="store_true")
parser.add_argument("--i2v-dit-weight", type=str, default="ckpts/default.pt")
conditions = ["token_replace", "latent_concat"]
parser.add_argument("--i2v-condition-type", choices=conditions, default="token_replace")
acting.act(
    parser,
    "infer_steps",
    lambda given: (96, 64),
    lambda given: given["video_length"],
    acting.named_by_prompt,
)
