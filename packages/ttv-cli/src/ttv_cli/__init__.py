"""The command `ttv`: from a prompt to a video file in a terminal."""
