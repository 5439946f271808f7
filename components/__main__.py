"""Hosts the components for `PulumiPlugin.yaml`: `pulumi package add components`.

Not `component_provider_host`, whose reading of inputs loses members of lists; see
`llm_platform.host`.
"""

from llm_platform.host.provider import serve

if __name__ == "__main__":
    serve()
