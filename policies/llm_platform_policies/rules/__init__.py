"""The policies, one module per domain; `llm_platform_policies.catalogue` gathers them."""
