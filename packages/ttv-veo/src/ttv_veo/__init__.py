"""Google Veo on Vertex AI, as a backend of ttv."""
