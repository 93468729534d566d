"""An executor for ttv: the local videos of a batch, on every device of a Ray cluster."""
