"""MiniMax's video API as a ttv backend: Hailuo (v1) and H3 (v2), chosen by the model."""
