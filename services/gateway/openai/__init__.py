"""The OpenAI-compatible surface: `gateway.openai.routes.register` hangs it onto an application."""
