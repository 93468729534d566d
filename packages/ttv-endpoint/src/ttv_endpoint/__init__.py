"""Servers with the OpenAI-style `/v1/videos` as a ttv backend; `plugin` is what ttv reads first."""
