"""What both servers have in common: OpenAI's chat completions over a model in this process."""
