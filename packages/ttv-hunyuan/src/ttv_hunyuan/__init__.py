"""HunyuanVideo for ttv."""
