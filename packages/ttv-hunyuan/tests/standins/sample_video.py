"""Takes what sample_video.py of HunyuanVideo takes, and makes grey frames."""

import argparse

import acting

parser = argparse.ArgumentParser()
acting.older_arguments(parser)
acting.act(
    parser,
    "infer_steps",
    lambda given: (given["video_size"][1], given["video_size"][0]),
    lambda given: given["video_length"],
    acting.named_by_prompt,
)
